"""How other servers are asked over UDP and TCP: the client of dnspython, without what it brings for DNS over HTTPS.

Nobody here speaks that; the client of HTTP that would be imported for it costs a start a tenth of its time, before the
first zone is fetched.
"""

from __future__ import annotations

import dns._features

dns._features.force("doh", enabled=False)  # noqa: SLF001  # its one way to say so, before the import that asks

from dns.asyncquery import tcp, udp, udp_with_fallback  # noqa: E402  # see above

__all__ = ["tcp", "udp", "udp_with_fallback"]
