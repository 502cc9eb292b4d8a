"""Certificates that a network's authority would never issue, and messages of its nodes, made without any code of rnet's."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import datetime
import ipaddress
import pathlib
import shutil
import ssl

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SERVICE = "/rnet.net.proto.Node/"


def pem(thing):
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Authority:
    """The one in a folder that `rnet keys` wrote, or another one of the same name."""

    def __init__(self, folder=None):
        if folder:
            self.key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
            self.certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        else:
            self.key = ec.generate_private_key(ec.SECP256R1())
            self.certificate = self.sign(self.key, "relay authority", [], (-1, 1), authority=True)

    def sign(self, key, name, uris, days, authority=False):
        now = datetime.datetime.utcnow()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.UniformResourceIdentifier(uri) for uri in uris]
        names += [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if authority else self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(self, folder, *uris, days=(-1, 1), trusts=None):
        """Writes a certificate for these URIs; its holder trusts this authority, or another one."""
        key = ec.generate_private_key(ec.SECP256R1())
        folder.mkdir(parents=True)
        (folder / "key.pem").write_bytes(pem(key))
        (folder / "cert.pem").write_bytes(pem(self.sign(key, folder.name, uris, days)))
        (folder / "ca.pem").write_bytes(pem((trusts or self).certificate))
        return folder


def read_keys(folder):
    folder = pathlib.Path(folder)
    return tuple((folder / name).read_bytes() for name in ("ca.pem", "key.pem", "cert.pem"))


def channel(address, folder):
    """A gRPC channel with the keys in a folder; in plain text without one."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    if folder is None:
        return grpc.insecure_channel(address, options)
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(*read_keys(folder)), options)


def call(channel, method, message=b"", timeout=5, **options):
    """The status and the answer, or the explanation, of one call with these bytes; of a stream, with this list of them."""
    streams = isinstance(message, list)
    kind = channel.stream_unary if streams else channel.unary_unary
    try:
        answer = kind(SERVICE + method if method[0] != "/" else method)(iter(message) if streams else message, timeout=timeout, **options)
        return grpc.StatusCode.OK, answer
    except grpc.RpcError as error:
        return error.code(), error.details()


def field(number, value):
    """One field of a protocol buffers message: a number, a text, bytes."""
    def varint(value):
        digits = []
        while value > 127:
            digits.append(value & 127 | 128)
            value >>= 7
        return bytes(digits + [value])

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def hello(topology, weights, node, connection="", incarnation=1):
    return field(1, topology) + field(2, weights) + field(3, node) + field(4, connection) + field(5, incarnation)


def activation(request, sequence, values, remaining=1000000, present=1, used=0):
    return field(1, request) + field(2, sequence) + field(3, remaining) + field(4, present) + field(5, used) + field(6, values)


def client_context(folder, alpn=("h2",)):
    """TLS of one's own, which believes whoever answers; with the keys in a folder, or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(alpn))
    if folder is not None:
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def server_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    return context


def replace_folder(path, by):
    """What a certificate manager does: the folder has other files, all at once."""
    old = path.with_name("." + path.name + ".old")
    path.rename(old)
    by.rename(path)
    shutil.rmtree(old)
