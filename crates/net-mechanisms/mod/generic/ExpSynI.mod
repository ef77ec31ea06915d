TITLE Synapse with a current that decays exponentially

COMMENT
The current g (nA, into the cell when positive) jumps by the weight at every event and decays with
tau: g' = -g/tau. As a membrane current, which is positive outward, i = -g.
LFPy has a point process of this name.
ENDCOMMENT

NEURON {
    POINT_PROCESS ExpSynI
    RANGE tau, i
    NONSPECIFIC_CURRENT i
}

UNITS { (nA) = (nanoamp) }

PARAMETER { tau = 0.1 (ms) <1e-9, 1e9> }

ASSIGNED { i (nA) }

STATE { g (nA) }

INITIAL { g = 0 }

BREAKPOINT {
    SOLVE decay METHOD cnexp
    i = -g
}

DERIVATIVE decay { g' = -g/tau }

NET_RECEIVE (weight (nA)) { g = g + weight }
