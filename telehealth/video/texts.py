"""The words that the room's script shows. Values in braces are filled in by the script."""

from flask_babel import gettext as _

__all__ = ["room_texts"]


def room_texts() -> dict[str, str]:
    """Every text of the waiting room and the call, by the key under which the script asks for it."""
    return {
        **_heading_texts(),
        **_status_texts(),
        **_waiting_texts(),
        **_picture_texts(),
        **_help_texts(),
    }


def _heading_texts() -> dict[str, str]:
    return {
        "heading_waiting_patient": _("You are in the waiting room"),
        "heading_waiting_clinician": _("Waiting room"),
        "heading_call": _("Call with {name}"),
        "heading_finished": _("The consultation has ended"),
        "heading_cancelled": _("This appointment was cancelled"),
        "heading_replaced": _("You opened this consultation somewhere else"),
        "heading_signed-out": _("You are signed out"),
        "heading_left": _("You left the consultation"),
        "heading_refused": _("You cannot join at the moment"),
    }


def _status_texts() -> dict[str, str]:
    return {
        "status_connecting": _("Connecting"),
        "status_waiting": _("Connected to the waiting room"),
        "status_socket_lost": _("Connection lost. Trying again. Keep this page open."),
        "status_call_connecting": _("Connecting you to {name}"),
        "status_peer_away": _("{name} is not connected at the moment. Keep this page open."),
        "status_connected": _("Connected"),
        "status_connected_no_socket": _(
            "Connected. Part of the service is out of reach, and we are trying again."
        ),
        "status_unsteady": _("The connection is poor. Trying to keep it."),
        "status_recovering": _("We lost the picture. Trying again ({attempt})."),
        "status_recovering_call": _(
            "We lost the picture. Trying again ({attempt}). If this does not work, use the phone."
        ),
        "status_ended": _("Not connected"),
    }


def _waiting_texts() -> dict[str, str]:
    return {
        "waiting_starting": _("Connecting you to the waiting room."),
        "ahead_none": _("You are next. {name} will let you in."),
        "ahead_one": _("1 person is before you. {name} will let you in."),
        "ahead_many": _("{count} people are before you. {name} will let you in."),
        "patient_expected": _("{name} is not here yet."),
        "patient_checking": _("{name} is getting ready."),
        "patient_waiting": _("{name} is waiting."),
        "patient_away": _("{name} was here and has lost the connection."),
        "patient_left": _("{name} has left."),
    }


def _picture_texts() -> dict[str, str]:
    return {
        "remote_connecting": _("Connecting you to {name}"),
        "remote_away": _("{name} is not connected at the moment. The call goes on as soon as they are back."),
        "remote_left": _("{name} has left the call."),
        "remote_off": _("{name}’s camera is off."),
        "remote_refused": _("{name}’s browser does not allow the camera."),
        "remote_missing": _("{name} has no camera."),
        "remote_busy": _("{name}’s camera is used by another app."),
        "self_asking": _("Your browser is asking for your camera and microphone. Choose “Allow”."),
        "self_off": _("Your camera is off."),
        "self_refused": _("Your camera is not allowed."),
        "self_missing": _("We found no camera."),
        "self_busy": _("Your camera is used by another app."),
    }


def _help_texts() -> dict[str, str]:
    return {
        "help_both_refused": _("Your camera and microphone are not allowed"),
        "help_camera_refused": _("Your camera is not allowed"),
        "help_microphone_refused": _("Your microphone is not allowed"),
        "help_both_missing": _("We found no camera or microphone"),
        "help_camera_missing": _("We found no camera"),
        "help_microphone_missing": _("We found no microphone"),
        "help_both_busy": _("Another app uses your camera and microphone"),
        "help_camera_busy": _("Another app uses your camera"),
        "help_microphone_busy": _("Another app uses your microphone"),
        "help_text_refused": _(
            "You can stay here without them. To be seen and heard, allow them in your browser:"
        ),
        "help_text_missing": _("You can stay here without it. Plug it in or switch it on, then try again."),
        "help_text_busy": _(
            "You can stay here without it. Close other apps that make video calls, then try again."
        ),
    }
