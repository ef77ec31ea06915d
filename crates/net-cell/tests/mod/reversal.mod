TITLE Sets the reversal potential of potassium

NEURON {
    SUFFIX Reversal
    USEION k WRITE ek
    RANGE base, drift
}

UNITS { (mV) = (millivolt) }

PARAMETER {
    base = -90 (mV)
    drift = 0.5 (mV/ms)
}

ASSIGNED { ek (mV) }

INITIAL { ek = base }

BREAKPOINT { ek = base + drift*t }
