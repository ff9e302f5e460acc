#!/bin/sh
# curl. Arguments: the URL of a Service of the mesh, and one that is encrypted, or "".
plain=$1
encrypted=$2

ask() {
  curl --silent --show-error --fail --insecure --location --max-time 20 "$@" 2>&1 || echo "error: $?"
}

result() {
  printf ',"%s":"%s"' "$1" "$(printf %s "$2" | tr -d '"\n')"
}

printf '{"curl":{"hello":"%s"' "$(ask "${plain}hello")"
# Of five requests, the last one's answer.
kept=$(ask "${plain}kept/[1-5]")
result kept "${kept#????}"
result echoed "$(head -c 5000000 /dev/zero | tr '\0' x | ask --data-binary @- "${plain}echo")"
result large "$(ask "${plain}large" | sha256sum | cut -d' ' -f1)"
result redirected "$(ask "${plain}redirect")"
if [ -n "$encrypted" ]; then result encrypted "$(ask "$encrypted")"; fi
printf '}}\n'
