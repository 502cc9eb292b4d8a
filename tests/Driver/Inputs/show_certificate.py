"""What a certificate says: show_certificate.py CERTIFICATE AUTHORITY"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

certificate, authority = (x509.load_pem_x509_certificate(pathlib.Path(path).read_bytes()) for path in sys.argv[1:])
kinds = {x509.UniformResourceIdentifier: "URI", x509.DNSName: "DNS", x509.IPAddress: "IP"}
for name in certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value:
    print(kinds[type(name)], name.value)
print("for", ", ".join(use._name for use in certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value))
authority.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(certificate.signature_hash_algorithm))
print((certificate.not_valid_after - certificate.not_valid_before).days, "days, signed by the authority")
