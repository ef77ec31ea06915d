: Fires at regular intervals, or with an exponential part: NetStim by another hand.
NEURON {
    ARTIFICIAL_CELL Beat
    RANGE interval, start, number, noise
    RANDOM r
}
PARAMETER {
    interval = 10 (ms)
    start = 5 (ms)
    number = 1000
    noise = 0
}
ASSIGNED {
    left
    on
}
INITIAL {
    left = number
    on = 1
    if (left > 0) {
        net_send(start + random_part(), 3)
    }
}
FUNCTION random_part() (ms) {
    if (noise > 0) {
        random_part = noise*interval*random_negexp(r)
    } else {
        random_part = 0
    }
}
NET_RECEIVE (w) {
    if (flag == 0) {
        : A negative weight stops it, a positive one starts it again.
        if (w > 0 && on == 0) {
            on = 1
            left = number
            net_send(0, 3)
        } else if (w < 0) {
            on = 0
        }
    }
    if (flag == 3 && on == 1) {
        net_event(t)
        left = left - 1
        if (left > 0) {
            net_send((1 - noise)*interval + random_part(), 3)
        } else {
            on = 0
        }
    }
}
