"""What is sent to prove who asks.

An address's own name and password win. ~/.netrc is looked at only for hosts that the settings name,
and only over https. After a redirect to another scheme, host or port neither is sent.
"""

from __future__ import annotations

import base64

from tasks.config.types import Settings
from tasks.core.addresses import user_of
from tasks.web.connectivity import Origin, origin_of


def authorization(address: str, configured: str, settings: Settings) -> dict[str, str]:
    """The header for one request, or nothing.

    Args:
        address: what is asked now: the configured address, or where a redirect led.
        configured: the address of the configuration.

    Raises:
        ValueError: one of them is no web address.
    """
    origin = origin_of(address)
    is_at_home = origin == origin_of(configured)
    user = user_of(address) or (user_of(configured) if is_at_home else None)
    if user is None and is_at_home:
        user = _from_netrc(origin, settings)
    if user is None:
        return {}
    token = base64.b64encode(":".join(user).encode()).decode()
    return {"Authorization": f"Basic {token}"}


def _from_netrc(origin: Origin, settings: Settings) -> tuple[str, str] | None:
    named = {host.casefold() for host in settings.netrc_hosts}
    if origin.scheme != "https" or origin.host.casefold() not in named:
        return None
    from requests.utils import get_netrc_auth

    return get_netrc_auth(f"https://{origin.host}/")
