TITLE Current that stands for synapses that are not modelled

COMMENT
i = -amp while del <= t < del + dur: positive amplitudes depolarize. It is a membrane current, and so is part of
what extracellular potentials are made of; an electrode's current (IClamp) is not. t is the middle of the step.
Names are those of the point process of this name in Neurodamus.
ENDCOMMENT

NEURON {
    POINT_PROCESS MembraneCurrentSource
    RANGE del, dur, amp, i
    NONSPECIFIC_CURRENT i
}

UNITS { (nA) = (nanoamp) }

PARAMETER {
    amp = 0 (nA)
    del = 0 (ms)
    dur = 0 (ms) <0, 1e9>
}

ASSIGNED { i (nA) }

BREAKPOINT {
    if (t >= del && t < del + dur) {
        i = -amp
    } else {
        i = 0
    }
}
