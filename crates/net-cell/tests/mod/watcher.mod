: Counts crossings of two thresholds, with the times of the last ones.
NEURON {
    POINT_PROCESS Watcher
    RANGE high, low, ups, downs, tup, tdown, armed, first
}
PARAMETER { high = -60 (mV)  low = -64 (mV) }
ASSIGNED { v (mV) ups downs tup (ms) tdown (ms) armed first }
INITIAL {
    ups = 0
    downs = 0
    tup = -1
    tdown = -1
    net_send(0, 1)
}
NET_RECEIVE (w) {
    if (flag == 1) {
        first = v
        armed = armed + 1
        WATCH (v > high) 2
        WATCH (v < low) 3
    } else if (flag == 2) {
        ups = ups + 1
        tup = t
        net_event(t)
    } else if (flag == 3) {
        downs = downs + 1
        tdown = t
    } else {
        : Only the upper one from now on.
        WATCH (v > high) 2
    }
}
