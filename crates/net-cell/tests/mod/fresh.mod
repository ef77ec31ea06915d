TITLE What a connection sets at the start of a run, and a linear system for the current

NEURON {
    POINT_PROCESS Fresh
    NONSPECIFIC_CURRENT i
    RANGE n_connections, last, resistance
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (megohm) = (megaohm)
}

PARAMETER {
    resistance = 0 (megohm)
    tau = 2 (ms)
}

ASSIGNED {
    v (mV)
    n_connections
    last (ms)
}

STATE {
    g (uS)
    inner (mV)
    i (nA)
}

INITIAL {
    g = 0
    n_connections = 0
    last = -1
}

BREAKPOINT {
    SOLVE decay METHOD cnexp
    through_neck()
}

DERIVATIVE decay { g' = -g/tau }

PROCEDURE through_neck() {
    SOLVE neck
}

LINEAR neck SOLVEFOR i, inner {
    ~ resistance*i = v - inner
    ~ i = g*inner
}

NET_RECEIVE(w (uS)) {
    INITIAL { n_connections = n_connections + 1 }
    g = g + w
    last = t
}
