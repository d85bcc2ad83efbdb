# Holds network rules in the node whose network this shell shares, and takes them away again:
#   sh -c "$SCRIPT" rules LEASE TAG KIND ARGUMENTS…
# KIND  drop BOTH|OUT ADDRESS…   nothing passes to (and from) these addresses
#       loss PROBABILITY ADDRESS…  that share of what goes to these addresses is dropped
#       netem ARGUMENTS…         a queueing discipline on every interface
# Ends after LEASE seconds or when it is told to; whichever comes first, the rules go before it does.
set -u
lease=$1 tag=$2 kind=$3
shift 3

interfaces() { ip -o link show up | sed -n 's/^[0-9]*: \([^@:]*\).*/\1/p' | grep -v '^lo$'; }

clear() {
  if [ "$kind" = netem ]; then
    for interface in $(interfaces); do tc qdisc del dev "$interface" root 2>/dev/null; done
  fi
  iptables-save -t filter | sed -n "/--comment \"*$tag/s/^-A/-D/p" | while read -r rule; do
    # shellcheck disable=SC2086
    iptables -w $rule
  done
}

rule() { iptables -w -A "$@" -m comment --comment "$tag" -j DROP; }

add() {
  case $kind in
    drop)
      both=$1
      shift
      for address in "$@"; do
        rule OUTPUT -d "$address" || return 1
        if [ "$both" = BOTH ]; then rule INPUT -s "$address" || return 1; fi
      done ;;
    loss)
      probability=$1
      shift
      # One rule an address, so that one link can be cleared alone.
      for address in "$@"; do
        rule OUTPUT -d "$address" -m statistic --mode random --probability "$probability" || return 1
      done ;;
    netem)
      for interface in $(interfaces); do tc qdisc replace dev "$interface" root netem "$@" || return 1; done ;;
  esac
}

if [ "$kind" = clear ]; then
  kind=netem
  [ "${1:-}" = netem ] || kind=rules
  clear
  exit 0
fi
trap 'clear; exit 0' TERM INT
add "$@" || { clear; exit 1; }
echo ready
sleep "$lease" &
wait $!
clear
