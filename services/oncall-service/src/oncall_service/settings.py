"""What oncall-service reads from its environment; every name is prefixed VIGIE_."""

from email.utils import parseaddr

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, field_validator

from oncall_service.targets import AllowedTargets
from oncall_service.vapid import VapidKey
from shared.links import LinkSettings
from shared.settings import DatabaseSettings, Port, Seconds

# In front of the sealing keys: nothing is sealed any more, and what is gets opened.
PLAIN = "plain"


# Chats, pushes, short messages and plain posts: what reaches people and needs no file of ours.
APPRISE_SCHEMES = (
    "json,jsons,form,forms,xml,xmls,apprise,apprises,slack,discord,tgram,workflows,mmost,mmosts,"
    "matrix,matrixs,rocket,rockets,nctalk,nctalks,zulip,gchat,webex,wxteams,line,feishu,lark,"
    "dingtalk,wecombot,revolt,guilded,gotify,gotifys,ntfy,ntfys,pover,pbul,simplepush,spush,join,"
    "prowl,bark,barks,signal,signals,whatsapp,threema,twilio,vonage,nexmo,plivo,sinch,msgbird,"
    "clicksend,clickatell,d7sms,voipms,smseagle,smseagles,hassio,hassios,synology,synologys,"
    "pagerduty,opsgenie,splunk,goalert,goalerts,ilert,squadcast,signl4"
)


class OncallSettings(DatabaseSettings, LinkSettings):
    """The settings of oncall-service."""

    bind_port: Port = Field(8003, description="port the service listens on")
    database_user: str = Field("vigie_oncall", description="login role of this service")
    bootstrap_admin_user: str = Field(
        "admin", description="login of the administrator a fresh installation begins with"
    )
    bootstrap_admin_password: SecretStr = Field(
        SecretStr(""), description="their first password; without effect once it was set"
    )
    bootstrap_api_token: SecretStr = Field(
        SecretStr(""), description="an API token with the role admin, seeded once"
    )
    session_hours: float = Field(12, gt=0, le=720, description="how long a sign-in lasts, in hours")
    smtp_host: str = Field("", description="mail server; empty: no mail is sent")
    smtp_port: Port = Field(587, description="port of the mail server")
    smtp_user: str = Field("", description="user at the mail server")
    smtp_password: SecretStr = Field(SecretStr(""), description="password at the mail server")
    smtp_from: str = Field(
        "Vigie <vigie@localhost>", description="sender of mails; its domain makes Message-IDs"
    )
    smtp_starttls: bool | None = Field(
        None, description="true: insist on STARTTLS; false: never; unset: when offered"
    )
    web_ui_url: str = Field("http://127.0.0.1:8080", description="web-ui, for links in messages")
    notification_burst: int = Field(
        3, ge=1, le=100, description="messages a contact method gets at once; more are bundled"
    )
    notification_interval_seconds: Seconds = Field(
        60, description="beyond that, one message to a contact method every so many seconds"
    )
    webhook_allowed_networks: str = Field(
        "",
        description="networks, addresses and hosts, separated by commas, that webhooks and the "
        "like may lead to although they are not public; empty: none",
    )
    webhook_proxy: str = Field(
        "", description="URL of a proxy that webhooks leave through; empty: none"
    )

    apprise_schemes: str = Field(
        APPRISE_SCHEMES,
        description="schemes of Apprise that people may be reached by, separated by commas",
    )
    vapid_private_key: SecretStr = Field(
        SecretStr(""),
        description="private key for Web Push: PEM of P-256, or its 32 bytes in url-safe base64; "
        "empty: no Web Push",
    )
    vapid_subject: str = Field(
        "",
        pattern=r"^(|mailto:.+|https://.+)$",
        description="mailto: or https: of who runs this, for push services; empty: from "
        "VIGIE_WEB_UI_URL where it is https, else from VIGIE_SMTP_FROM",
    )
    sealing_keys: SecretStr = Field(
        SecretStr(""),
        description="Fernet keys, separated by commas, for what contact methods keep secret: the "
        "first seals, all open; empty: nothing is sealed",
    )

    @field_validator("vapid_private_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            VapidKey.parse(value.get_secret_value())
        return value

    @field_validator("sealing_keys")
    @classmethod
    def _are_fernet_keys(cls, value: SecretStr) -> SecretStr:
        for place, key in enumerate(_listed(value.get_secret_value())):
            if key == PLAIN and place == 0:
                continue
            try:
                Fernet(key)
            except ValueError:
                raise ValueError(
                    f"entry {place + 1} is no Fernet key (32 bytes in url-safe base64)"
                ) from None
        return value

    @field_validator("webhook_allowed_networks")
    @classmethod
    def _names_networks_or_hosts(cls, value: str) -> str:
        AllowedTargets.parse(value)
        return value

    @property
    def webhook_targets(self) -> AllowedTargets:
        """Where a webhook may lead beside public addresses."""
        return AllowedTargets.parse(self.webhook_allowed_networks)

    @property
    def apprise_allowed(self) -> frozenset[str]:
        """The schemes of Apprise that may be used."""
        return frozenset(_listed(self.apprise_schemes.lower()))

    @property
    def vapid_key(self) -> VapidKey | None:
        """The key pair for Web Push, where there is one."""
        text = self.vapid_private_key.get_secret_value()
        return VapidKey.parse(text) if text else None

    @property
    def vapid_contact(self) -> str:
        """Whom a push service may ask about what is sent."""
        if self.vapid_subject:
            return self.vapid_subject
        if self.web_ui_url.startswith("https://"):
            return self.web_ui_url
        return f"mailto:{parseaddr(self.smtp_from)[1]}"

    @property
    def sealing_key_list(self) -> list[str]:
        """The keys for what is sealed, the one that seals first."""
        return _listed(self.sealing_keys.get_secret_value())


def _listed(text: str) -> list[str]:
    return [part for part in (entry.strip() for entry in text.split(",")) if part]
