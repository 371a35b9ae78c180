"""What is typed to sign in, to prove it again, and to set up a password and a second factor."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from telehealth.accounts.domain.password import MAXIMUM_LENGTH
from telehealth.accounts.forms import TEXT_FILTERS, PageForm
from telehealth.accounts.services.passkeys import LONGEST_ANSWER

_TOO_LONG = _l("That is too long")


class SignInForm(PageForm):
    email = EmailField(
        _l("Email address"),
        filters=TEXT_FILTERS,
        validators=[InputRequired(_l("Enter your email address")), Length(max=254)],
    )
    password = PasswordField(
        _l("Password"),
        validators=[InputRequired(_l("Enter your password")), Length(max=MAXIMUM_LENGTH, message=_TOO_LONG)],
    )
    next = HiddenField()


class SecondFactorForm(PageForm):
    """A code, or the answer of a passkey, which a script puts into the hidden field."""

    code = StringField(
        _l("Code"), filters=TEXT_FILTERS, validators=[Optional(), Length(max=60, message=_TOO_LONG)]
    )
    passkey = HiddenField(validators=[Length(max=LONGEST_ANSWER)])
    next = HiddenField()

    def require_answer(self) -> bool:
        """False, with the error set, where neither was given."""
        if self.code.data or self.passkey.data:
            return True
        self.code.errors = [str(_l("Enter the code"))]
        return False


class AgainForm(SecondFactorForm):
    """The same person proves who they are. Its ids differ from those of the page that it may stand over."""

    password = PasswordField(
        _l("Password"),
        id="again-password",
        validators=[Optional(), Length(max=MAXIMUM_LENGTH, message=_TOO_LONG)],
    )
    code = StringField(
        _l("Code"),
        id="again-code",
        filters=TEXT_FILTERS,
        validators=[Optional(), Length(max=60, message=_TOO_LONG)],
    )
    passkey = HiddenField(id="again-passkey", validators=[Length(max=LONGEST_ANSWER)])
    next = HiddenField(id="again-next")


class NewPasswordForm(PageForm):
    new_password = PasswordField(_l("New password"), validators=[InputRequired(_l("Enter a password"))])


class ChangePasswordForm(PageForm):
    password = PasswordField(
        _l("Your present password"),
        validators=[
            InputRequired(_l("Enter your present password")),
            Length(max=MAXIMUM_LENGTH, message=_TOO_LONG),
        ],
    )
    new_password = PasswordField(_l("New password"), validators=[InputRequired(_l("Enter a new password"))])
    end_others = BooleanField(_l("Sign me out in all other browsers"), default=True)

    def validate_new_password(self, field: PasswordField) -> None:
        if field.data and field.data == self.password.data:
            raise ValidationError(str(_l("Choose a password that differs from the present one")))


class AppCodeForm(PageForm):
    code = StringField(
        _l("Code that the app shows"),
        filters=TEXT_FILTERS,
        validators=[InputRequired(_l("Enter the code")), Length(max=60, message=_TOO_LONG)],
    )


class PasskeyForm(PageForm):
    name = StringField(
        _l("Name of this passkey (optional)"),
        filters=TEXT_FILTERS,
        validators=[Optional(), Length(max=100, message=_TOO_LONG)],
    )
    passkey = HiddenField(validators=[Length(max=LONGEST_ANSWER)])


class PasskeyNameForm(PageForm):
    name = StringField(
        _l("Name"),
        filters=TEXT_FILTERS,
        validators=[InputRequired(_l("Enter a name")), Length(max=100, message=_TOO_LONG)],
    )
