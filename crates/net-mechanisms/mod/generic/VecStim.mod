TITLE Cell that fires at given times

COMMENT
The times (ms, ascending) are those of CellTemplate::set_spike_train; times before the start are left out.
A file with an artificial cell of this name is part of many models for NEURON, where the times come from a
vector.
ENDCOMMENT

NEURON { ARTIFICIAL_CELL VecStim }

ASSIGNED { next }

INITIAL {
    next = 0
    send()
}

PROCEDURE send() {
    LOCAL at
    if (next < spike_train_size()) {
        at = spike_train_time(next)
        next = next + 1
        net_send(at - t, 1)
    }
}

NET_RECEIVE (w) {
    if (flag == 1) {
        net_event(t)
        send()
    }
}
