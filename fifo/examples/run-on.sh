#!/bin/sh
# Runs a command each time an instance or group enters a state; one at a time, in order, never two at once.
# The command gets three more arguments: NAME STATE PRIORITY.
# In keepalived.conf:  vrrp_notify_fifo_script "/usr/share/doc/hahub/fifo/run-on.sh MASTER /usr/local/sbin/became-master"
set -eu
if [ $# -ne 3 ]; then
    echo "usage: $0 STATE COMMAND FIFO" >&2
    exit 2
fi
wanted=$1 command=$2 fifo=$3

# keepalived sends SIGTERM first and the STOP lines after it, and kills after 1 s: read on for a moment, then go.
leaving=''
trap 'leaving=yes; trap "" TERM; { sleep 0.7; kill -ALRM $$; } & ' TERM
trap 'exit 0' ALRM

while :; do
    while IFS= read -r line; do
        case $line in
        'INSTANCE "'*"\" $wanted "* | 'GROUP "'*"\" $wanted "*) ;;
        *) continue ;;
        esac
        rest=${line#* \"}
        priority=${rest##* } rest=${rest% *}
        state=${rest##* } rest=${rest% *}
        [ "$state" = "$wanted" ] || continue # a name may look like a state
        "$command" "${rest%\"}" "$state" "$priority" </dev/null || echo "$0: $command: status $?" >&2
    done
    [ -n "$leaving" ] || exit 0 # end of file: the writer is gone
    leaving=''                  # the signal only interrupted the read
done <"$fifo"
