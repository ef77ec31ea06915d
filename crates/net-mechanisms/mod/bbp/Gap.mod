TITLE Half of a gap junction

COMMENT
Ohm's law from the potential v here to the potential vgap on the other side: i = g (v - vgap), g in nS. Two
halves, each with the other's potential, make a gap junction of two compartments.
Names and defaults are those of the point process of this name in Neurodamus.
ENDCOMMENT

NEURON {
    POINT_PROCESS Gap
    NONSPECIFIC_CURRENT i
    RANGE g, vgap, i, synapseID, selected_for_report
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (nS) = (nanosiemens)
}

PARAMETER {
    g = 1 (nS)
    vgap = 0 (mV)
    synapseID = 0
    selected_for_report = 0
}

ASSIGNED {
    v (mV)
    i (nA)
}

BREAKPOINT { i = (1e-3)*g*(v - vgap) }
