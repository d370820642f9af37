"""Put first on PYTHONPATH while a notebook is tested: no connection leaves this machine.

A kernel talks to its client through loopback, which stays open.
"""

import ipaddress
import socket

_connect, _connect_ex, _getaddrinfo = (
    socket.socket.connect,
    socket.socket.connect_ex,
    socket.getaddrinfo,
)


class OfflineError(OSError):
    """A notebook under test reached for the network."""


def _stays_here(host):
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(host):
    raise OfflineError(f"a notebook under test must not use the network, and it asked for {host}")


def _guarded(method):
    def connect(self, address):
        if isinstance(address, tuple) and not _stays_here(address[0]):
            _refuse(address[0])
        return method(self, address)

    return connect


def _local_getaddrinfo(host, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    if not (_stays_here(name) or name in (socket.gethostname(), "0.0.0.0")):
        _refuse(name)
    return _getaddrinfo(host, *args, **kwargs)


socket.socket.connect = _guarded(_connect)
socket.socket.connect_ex = _guarded(_connect_ex)
socket.getaddrinfo = _local_getaddrinfo
