NEURON {
    POINT_PROCESS refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (nA) }
BREAKPOINT { i = g*v }
NET_RECEIVE(w) {
    LOCAL k
    k = 0
    while (k < w) {
        net_send(k, 1)
:       ^ sending events in a while loop or an equation is not supported
        k = k + 1
    }
}
