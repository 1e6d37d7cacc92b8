"""People and their contact methods, as the API takes and shows them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, SecretStr, model_validator

from oncall_service.core.fields import (
    ClockHours,
    Email,
    LanguageCode,
    Login,
    Name,
    Password,
    ZoneName,
)
from oncall_service.core.hours import HoursModel
from oncall_service.notifications.channels import registry
from oncall_service.notifications.channels.registry import ChannelName
from shared.contracts.identity import Role
from shared.contracts.wire import Command, Severity, Text, Wire

# Of one person: each is called for every page, and one that nobody needs is a way to reach others.
MOST_METHODS = 10
MOST_RULES = 40


class ContactMethodCreate(Command):
    """A way to reach somebody.

    ``target`` is where the channel leads: a URL for a webhook, an address for email (default: the
    person's own), the URL of a topic for ntfy, a browser's PushSubscription as JSON for webpush, a
    URL of Apprise's, and nothing for the log. ``secret`` signs what a webhook is sent, and one is
    made up when none is given; for ntfy it is the access token of a protected topic.
    """

    channel: ChannelName
    target: Text = Field("", max_length=2000)
    secret: SecretStr | None = Field(None, min_length=16, max_length=200)
    enabled: bool = True
    verified: bool | None = None

    @model_validator(mode="after")
    def _fits_its_channel(self) -> Self:
        channel = registry.of(self.channel)
        if self.secret is not None and self.channel not in registry.WITH_SECRET:
            raise ValueError(f"a secret belongs to a {' or '.join(registry.WITH_SECRET)}")
        channel.validate(self.target)
        return self


class ContactMethodUpdate(Command):
    """Switch a contact method on or off."""

    enabled: bool


class ContactMethodView(Wire):
    """``target`` is shortened where it may hold a secret; ``secret`` is shown once, on creation.

    ``verified_by`` is who vouched for it; null where a code was typed in.
    """

    id: UUID
    channel: ChannelName
    target: Text
    enabled: bool
    verified_at: datetime | None
    verified_by: Text | None
    secret: Text | None = None


class CodeCommand(Command):
    """The code that a contact method was sent."""

    code: Text = Field(min_length=1, max_length=20)


class RuleModel(Command):
    """Pages of these severities (null: of any) go to a contact method after ``delay_minutes``."""

    contact_method_id: UUID
    delay_minutes: int = Field(0, ge=0, le=120)
    severities: list[Severity] | None = Field(None, min_length=1, max_length=len(Severity))


class PreferencesUpdate(Command):
    """What somebody settles for themself; the fields to change.

    ``notification_rules`` replaces all of them: pages of the severities that a rule names go by
    what the rules say, all others by every method at once.
    """

    time_zone: ZoneName | None = None
    language: LanguageCode | None = None
    clock: ClockHours | None = None
    working_hours: list[HoursModel] | None = Field(None, max_length=20)
    quiet_hours: list[HoursModel] | None = Field(None, max_length=20)
    status_updates: bool | None = None
    notification_rules: list[RuleModel] | None = Field(None, max_length=MOST_RULES)


class RuleView(Wire):
    """A notification rule as stored."""

    contact_method_id: UUID
    delay_minutes: int
    severities: list[Severity] | None


class PersonCreate(Command):
    """A person. Without a login and a password they can be paged but cannot sign in.

    ``contact_methods``, when given to PUT or PATCH, replaces all of them. With ``working_hours``,
    on the clock of ``time_zone``, pages of low severity wait for them, and with ``quiet_hours`` for
    the end of these; null: nothing waits.
    They are written to in their ``language`` (null: in English, and pages follow the browser), and
    read hours by ``clock`` (null: as their language does).
    With ``status_updates``, whoever was paged hears once when somebody else acknowledges the
    incident, and once when it is over by other hands.
    """

    name: Name
    login: Login | None = None
    email: Email | None = None
    role: Role = Role.RESPONDER
    password: Password | None = None
    time_zone: ZoneName = "UTC"
    language: LanguageCode | None = None
    clock: ClockHours | None = None
    working_hours: list[HoursModel] | None = Field(None, max_length=20)
    quiet_hours: list[HoursModel] | None = Field(None, max_length=20)
    status_updates: bool = True
    contact_methods: list[ContactMethodCreate] = Field([], max_length=MOST_METHODS)


class PersonUpdate(Command):
    """The fields to change; a new password ends the person's sessions."""

    name: Name | None = None
    login: Login | None = None
    email: Email | None = None
    role: Role | None = None
    password: Password | None = None
    time_zone: ZoneName | None = None
    language: LanguageCode | None = None
    clock: ClockHours | None = None
    working_hours: list[HoursModel] | None = Field(None, max_length=20)
    quiet_hours: list[HoursModel] | None = Field(None, max_length=20)
    status_updates: bool | None = None
    contact_methods: list[ContactMethodCreate] | None = Field(None, max_length=MOST_METHODS)


class PersonView(Wire):
    """A person; never their password."""

    id: UUID
    name: Text
    login: Text | None
    email: Text | None
    role: Role
    time_zone: Text
    language: Text | None
    clock: Text | None
    working_hours: list[HoursModel] | None
    quiet_hours: list[HoursModel] | None
    status_updates: bool
    can_sign_in: bool
    contact_methods: list[ContactMethodView]
    notification_rules: list[RuleView]
    created_at: datetime
