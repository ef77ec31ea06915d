TITLE One half of a gap junction

COMMENT
i = (v - vgap) g: a conductance g (nS) to the potential vgap of another compartment, which is that of the start of
the step. The other half stands there.
Names are those of the point process of this name that circuits of the Blue Brain Project are written for.
ENDCOMMENT

NEURON {
    POINT_PROCESS Gap
    RANGE g, i, vgap
    NONSPECIFIC_CURRENT i
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (nS) = (nanosiemens)
    (uS) = (microsiemens)
}

PARAMETER { g = 1 (nS) <0, 1e9> }

ASSIGNED {
    v (mV)
    vgap (mV)
    i (nA)
}

INITIAL { vgap = v }

BREAKPOINT {
    i = (v - vgap)*g*(0.001)
}
