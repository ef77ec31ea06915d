NEURON {
    POINT_PROCESS refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (nA) s }
BREAKPOINT { i = g*v*s }
NET_RECEIVE(w) {
    FOR_NETCONS (u) { s = u }
:   ^ FOR_NETCONS changes more than weights of connections
}
