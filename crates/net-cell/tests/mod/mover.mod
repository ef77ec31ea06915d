: Fires when a time of its own has run out; every event makes that time shorter.
NEURON {
    ARTIFICIAL_CELL Mover
    RANGE due, delay
}
PARAMETER { delay = 20 (ms) }
ASSIGNED { due (ms) }
INITIAL {
    due = delay
    net_send(delay, 1)
}
NET_RECEIVE (w) {
    if (flag == 0) {
        due = t + (due - t)*(1 - w)
        net_move(due)
    } else {
        net_event(t)
        due = t + delay
        net_send(delay, 1)
    }
}
