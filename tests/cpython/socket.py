"""Stands in for `socket`, which asy does not have: a socket is refused, as by a system without a network."""

import errno

AF_INET, AF_INET6 = 2, 10
SOCK_STREAM, SOCK_DGRAM = 1, 2
SOL_SOCKET, SO_REUSEADDR = 1, 2
SOMAXCONN = 128
_GLOBAL_DEFAULT_TIMEOUT = object()
has_ipv6 = False

error = OSError
timeout = TimeoutError


class gaierror(OSError):
    pass


class herror(OSError):
    pass


def _refuse(*args, **kwargs):
    raise OSError(errno.EAFNOSUPPORT, "asy has no sockets")


class socket:
    def __init__(self, *args, **kwargs):
        _refuse()


create_connection = create_server = socketpair = fromfd = getaddrinfo = gethostbyname = getfqdn = _refuse
