NEURON {
    POINT_PROCESS refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (nA) }
BREAKPOINT { i = g*v }
NET_RECEIVE(w) {
    if (flag == 0) { WATCH (v == 1) 2 }
:                           ^ WATCH needs a comparison with > or <
}
