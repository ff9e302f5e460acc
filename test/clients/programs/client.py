# Python's own clients, and requests where it is installed. Arguments: the URL of a Service of the mesh, and one that is
# encrypted, or "".
import hashlib, http.client, json, ssl, sys, urllib.error, urllib.request
from urllib.parse import urlsplit

plain, encrypted = sys.argv[1:3]
BODY = b"x" * 5_000_000
UNVERIFIED = ssl._create_unverified_context()


def with_urllib(method, url, body=None):
    request = urllib.request.Request(url, data=body, method=method)
    context = UNVERIFIED if url.startswith("https:") else None
    return urllib.request.urlopen(request, timeout=20, context=context).read().decode()


def with_http_client(method, url, body=None):
    parts = urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=20, context=UNVERIFIED)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    connection.request(method, parts.path, body)
    return connection.getresponse().read().decode()


def tried(attempt):
    try:
        return str(attempt())
    except Exception as error:
        return f"error: {getattr(error, 'reason', None) or type(error).__name__}"


def kept(ask):
    for time in range(1, 5):
        ask("GET", f"{plain}kept/{time}")
    return ask("GET", f"{plain}kept/5")


def every(ask):
    results = {"hello": tried(lambda: ask("GET", plain + "hello"))}
    if not results["hello"].startswith("error"):
        results["kept"] = tried(lambda: kept(ask))
        results["echoed"] = tried(lambda: ask("POST", plain + "echo", BODY))
        results["large"] = tried(lambda: hashlib.sha256(ask("GET", plain + "large").encode()).hexdigest())
        results["redirected"] = tried(lambda: ask("GET", plain + "redirect"))
    if encrypted:
        results["encrypted"] = tried(lambda: ask("GET", encrypted))
    return results


results = {"Python urllib": every(with_urllib), "Python http.client": every(with_http_client)}
try:
    import requests
except ImportError:
    pass
else:
    import warnings

    warnings.simplefilter("ignore")
    session = requests.Session()
    results["Python requests"] = every(
        lambda method, url, body=None: session.request(method, url, data=body, timeout=20, verify=False).text
    )
print(json.dumps(results))
