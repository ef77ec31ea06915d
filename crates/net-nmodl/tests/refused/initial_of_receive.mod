NEURON {
    POINT_PROCESS refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (nA) s }
BREAKPOINT { i = g*v*s }
NET_RECEIVE(w) {
:^ INITIAL in NET_RECEIVE changes `s`
    INITIAL { s = 1 }
    s = s + w
}
