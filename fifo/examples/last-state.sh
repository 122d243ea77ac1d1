#!/bin/sh
# Keeps one file per instance and group with its latest state, for anything that only wants to look:
#     $ cat /run/ha-states/INSTANCE.VI_1
#     MASTER 150
# In keepalived.conf:  vrrp_notify_fifo_script "/usr/share/doc/hahub/fifo/last-state.sh /run/ha-states"
set -eu
if [ $# -ne 2 ]; then
    echo "usage: $0 DIRECTORY FIFO" >&2
    exit 2
fi
directory=$1 fifo=$2
mkdir -p "$directory"

take() { # KIND NAME STATE PRIORITY
    case $3 in *_*) return ;; esac # MASTER_PRIORITY and its like are events, not states
    file=$1.$(printf %s "$2" | tr / _)
    printf '%s %s\n' "$3" "$4" >"$directory/.$file.new"
    mv -f "$directory/.$file.new" "$directory/$file" # nobody ever sees half a file
}

# keepalived sends SIGTERM first and the STOP lines after it, and kills after 1 s: read on for a moment, then go.
leaving=''
trap 'leaving=yes; trap "" TERM; { sleep 0.7; kill -ALRM $$; } & ' TERM
trap 'exit 0' ALRM

while :; do
    while IFS= read -r line; do
        case $line in
        'INSTANCE "'* | 'GROUP "'*) ;;
        *) continue ;; # lines of virtual servers, or of writers to come
        esac
        rest=${line#* \"}      # INSTANCE "a b" MASTER 150: split from both ends, the name may hold anything
        priority=${rest##* } rest=${rest% *}
        state=${rest##* } rest=${rest% *}
        take "${line%% *}" "${rest%\"}" "$state" "$priority"
    done
    [ -n "$leaving" ] || exit 0 # end of file: the writer is gone
    leaving=''                  # the signal only interrupted the read
done <"$fifo"
