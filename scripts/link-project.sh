# Makes the checkout importable in .venv and puts the `telehealth` command there.
# A path file instead of an editable install: that would need a build tool at run time, and the built assets first.
set -eu

.venv/bin/python - <<'END'
import pathlib, sysconfig

target = pathlib.Path(sysconfig.get_path("purelib"), "telehealth-checkout.pth")
target.write_text(f"{pathlib.Path.cwd()}\n", encoding="utf-8")
END

cat > .venv/bin/telehealth <<'END'
#!/bin/sh
exec "$(dirname "$0")/python" -P -c 'import sys; sys.argv[0] = "telehealth"; from telehealth.cli import main; sys.exit(main())' "$@"
END
chmod +x .venv/bin/telehealth
