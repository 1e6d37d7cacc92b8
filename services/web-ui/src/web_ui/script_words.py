"""What app.js says: the sentences go with every page, so that no language is left out."""

from web_ui.presentation import ages
from web_ui.reading import say


def script_words() -> dict[str, object]:
    """By the name app.js asks for."""
    return {
        **ages(),
        "connecting": say("Connecting"),
        "live": say("Live"),
        "polling": say("Every 10 s"),
        "offline": say("Offline"),
        "live_hint": say("Changes appear here as they happen"),
        "polling_hint": say("No live connection: this page asks every 10 seconds"),
        "offline_hint": say("Vigie cannot be reached: what you see may be out of date"),
        "new_incident": say("New incident: {title}", title="#"),
        "new_incidents": say("{count} new incidents", count="#"),
        "selected": say("{count} selected", count="#"),
        "list_moved": say("The list has just moved: press again."),
        "not_done": say("Not done: Vigie cannot be reached. Try again."),
        "no_answer": say(
            "No answer yet: it may have been done or not. Load the page again to see."
        ),
        "other_zone": say("This device is in {zone}.", zone="#"),
    }
