"""The resolver as what is delivered: one Python file, the guard and the install step, bit-identical every time.

What an Agent's pod gets is decided elsewhere; here is only the content, and the digest that it is known by. The shell
is POSIX and uses sed, sha256sum and coreutils, which the Agents' images have.
"""

import hashlib
from importlib import resources

INTERPRETERS = ("/opt/datadog-agent/embedded/bin/python3", "/opt/stackstate-agent/embedded/bin/python3")
HELPERS = (
    "/opt/datadog-agent/bin/datadog-cluster-agent",
    "/opt/stackstate-agent/bin/stackstate-cluster-agent",
)
PAYLOAD_FOLDER = "/etc/enc/payload"
INSTALLED_FOLDER = "/etc/enc/bin"
BUILTIN_SCRIPT = "/readsecret_multiple_providers.sh"
MESSAGE_FILE = "/dev/termination-log"
"""What stands in it is in the container's status (`terminationMessagePath`, its default)."""

_MODULES = (
    "__init__",
    "values",
    "handles",
    "exchange",
    "files",
    "lookup",
    "answers",
    "connection",
    "service_account",
    "kubernetes_api",
    "arguments",
    "__main__",
)

_START = """

if __name__ == "__main__":
    find_modules(__file__, SOURCES)
    from enc_resolver.__main__ import run

    run()
"""

_GUARD = r"""#!/bin/sh
# guard [helper] [--allow-root folder]...
# The built-in resolver, with two kinds of answers made errors: a value that is itself a handle (or starts like one), since the
# Cluster Agent would pass it on, and the next Agent would resolve it with its own permissions; and anything but a Secret of the
# API or a file below one of the folders, since the helper reads any path. Fails closed where sed or tr is missing.
for helper in ${1:-@HELPERS@}; do [ -x "$helper" ] && break; done
[ $# = 0 ] || shift
answer=$("$helper" secret-helper read --with-provider-prefixes) || exit $?
text='([^"\\]|\\.)*'
empty="((%%|‰)$text(%%|‰))*"
start="( |\\\\t|\\\\u0009|$empty)*E${empty}N${empty}C${empty}\\["
nested='"error":"the value is itself a secret handle, which is never passed on; store what it stands for"'
outside='"error":"not under a declared folder; declare the Secret in spec.secretVolumes of the AgentTarget"'
mark=$(printf '\001') # no encoder of JSON writes it
may='k8s_secret@'
for folder; do
    case $folder in *[!-A-Za-z0-9._/]*) continue ;; /*) ;; *) continue ;; esac # what else there may be would be a pattern
    may="$may|file@$(printf '%s' "$folder" | sed -e 's#/*$##' -e 's#[.]#[.]#g')(/[-A-Za-z0-9._]+)+\""
done
printf '%s' "$answer" | tr '\n' ' ' | LC_ALL=C sed -E \
    -e "s#([{,] *\")($may)#\\1$mark\\2#g" -e "s#$mark(file@[^\"]*/[.][.]/)#\\1#g" \
    -e "s#([{,] *\"([^\"\\\\$mark]|\\\\.)*\" *: *[{] *(\"error\" *: *\"$text\" *, *)?)\"value\" *: *\"([^\"\\\\]|\\\\.)$text\"( *, *\"error\" *: *\"$text\")?#\\1\"value\":\"\",$outside#g" \
    -e "s#\"value\" *: *\"$start$text\" *, *\"error\" *: *\"$text\"#\"value\":\"\",$nested#g" \
    -e "s#\"value\" *: *\"$start$text\"#\"value\":\"\",$nested#g" -e "s#$mark##g"
"""

_INSTALL = r"""# install <sha256 of resolver> <sha256 of guard> [payload folder] [installed folder] [interpreters] [helpers] [built-in] [message]
# Puts an executable at <installed folder>/resolver, whatever happens, and exits 0: no Agent is kept down by this.
umask 077
payload=${3:-@PAYLOAD@}
target=${4:-@TARGET@}
interpreters=${5:-@INTERPRETERS@}
helpers=${6:-@HELPERS@}
builtin=${7:-@BUILTIN@}
message=${8:-@MESSAGE@}

say() {
    said=$*
    echo "enc-install: $said" >&2
}

first() { for file in $1; do [ -x "$file" ] && echo "$file" && return; done; return 1; }

# What is checked is our own copy: the payload may change at any time
copy() {
    cp "$payload/$1" "$target/.$1" || { say "no $1 in $payload"; return 1; }
    sum=$(sha256sum < "$target/.$1") || { say "no sha256sum"; return 1; }
    [ "${sum%% *}" = "$2" ] || { say "$payload/$1 is not what was to be installed"; return 1; }
}

works() {
    question='{"version":"1.1","secrets":["-"]}'
    [ "$(echo "$question" | "$1" 2>/dev/null | cut -c 1-14)" = '{"-":{"value":' ] || { say "$1 does not run"; return 1; }
}

place() { chmod 0500 "$1" && mv -f "$1" "$target/resolver"; }

compile='import runpy, sys; head = runpy.run_path(sys.argv[1]); head["write_compiled"](sys.argv[1], head["SOURCES"])'

# Compiled from the copy that was checked; the resolver takes it only for the same sources and interpreter
compiled() {
    "$1" -IS -c "$compile" "$target/.ready" 2>/dev/null && works "$target/.ready" 2>/dev/null || {
        rm -f "$target/.ready.compiled"
        say "not compiled: it starts from its sources, which takes a little longer"
    }
}

resolver() {
    copy resolver "$2" || return 1
    { echo "#!$1 -IS"; sed 1d "$target/.resolver"; } > "$target/.ready" || return 1
    chmod 0500 "$target/.ready" && works "$target/.ready" || return 1
    compiled "$1"
    place "$target/.ready" || return 1
    [ ! -e "$target/.ready.compiled" ] || mv -f "$target/.ready.compiled" "$target/resolver.compiled" || true
}

guard() { copy guard "$1" && place "$target/.guard"; }

# In the container's status for encctl doctor; the log is gone sooner, and nobody looks
tell() { [ ! -w "$message" ] || echo "$said" > "$message" || true; }

fallback() {
    tell
    say "falling back to the built-in $builtin: it reads any file, and passes on values that are handles"
    { echo '#!/bin/sh'; echo "exec $builtin"; } > "$target/.fallback" && place "$target/.fallback"
}

mkdir -p "$target"
rm -f "$target/.ready.compiled" "$target/resolver.compiled"
if python=$(first "$interpreters"); then
    resolver "$python" "$1" || fallback
elif first "$helpers" > /dev/null; then
    guard "$2" || fallback
else
    say "neither $interpreters nor $helpers here"
    fallback
fi || { say "nothing could be installed in $target"; tell; }
rm -f "$target/.resolver" "$target/.ready" "$target/.ready.compiled" "$target/.guard" "$target/.fallback"
exit 0
"""


def resolver_script() -> str:
    """Join the resolver's modules into one executable Python file; its first line may be replaced."""
    sources = "".join(_embedded(name) for name in _MODULES)
    return f"#!{INTERPRETERS[0]} -IS\n{_source('compiled')}\n\nSOURCES = {{}}\n{sources}{_START}"


def _embedded(name: str) -> str:
    source = _source(name)
    if "'''" in source:
        raise ValueError(f"enc_resolver/{name}.py holds three apostrophes in a row")
    full_name = "enc_resolver" if name == "__init__" else f"enc_resolver.{name}"
    return f"\nSOURCES[\"{full_name}\"] = r'''{source}'''\n"


def _source(name: str) -> str:
    return resources.files("enc_resolver").joinpath(f"{name}.py").read_text(encoding="utf-8")


def guard_script() -> str:
    """Write the shell around the built-in resolver, for images without Python; its argument names the binary."""
    return _GUARD.replace("@HELPERS@", " ".join(HELPERS))


def install_script() -> str:
    """Write the shell that the init container runs, with the digests of resolver and guard as arguments."""
    filled = _INSTALL
    for mark, value in {
        "@PAYLOAD@": PAYLOAD_FOLDER,
        "@TARGET@": INSTALLED_FOLDER,
        "@INTERPRETERS@": " ".join(INTERPRETERS),
        "@HELPERS@": " ".join(HELPERS),
        "@BUILTIN@": BUILTIN_SCRIPT,
        "@MESSAGE@": MESSAGE_FILE,
    }.items():
        filled = filled.replace(mark, value)
    return filled


def payload() -> dict[str, str]:
    """Return the content of the ConfigMap ``enc-resolver-<payload_digest()>``."""
    return {"resolver": resolver_script(), "guard": guard_script(), "install": install_script()}


def payload_digest() -> str:
    """Return the sha256, in hexadecimal, over the payload's names and contents, each with its length before it."""
    digest = hashlib.sha256()
    for item in sorted(payload().items()):
        for part in (text.encode() for text in item):
            digest.update(b"%d:%b" % (len(part), part))
    return digest.hexdigest()


def init_command() -> list[str]:
    """Return the init container's command: the install step stands in the pod itself, where only its author writes."""
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (resolver_script(), guard_script())]
    return ["/bin/sh", "-c", install_script(), "enc-install", *digests]
