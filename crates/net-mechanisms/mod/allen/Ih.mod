TITLE Hyperpolarization-activated cation channel

COMMENT
Rates of Kole, Hallermann and Stuart, J. Neurosci. 26 (2006) 1677, for layer 5 pyramidal cells:

    alpha = 0.00643 (v + 154.9)/(exp((v + 154.9)/11.9) - 1)    beta = 0.193 exp(v/33.1)

per ms, without a correction for temperature; i = gbar m (v - ehcn).
As in Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
ENDCOMMENT

NEURON {
    SUFFIX Ih
    NONSPECIFIC_CURRENT ihcn
    RANGE gbar, g, ihcn
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1e-5 (S/cm2) <0, 1e9>
    ehcn = -45 (mV)
}

ASSIGNED {
    v (mV)
    ihcn (mA/cm2)
    g (S/cm2)
    mAlpha (/ms)
    mBeta (/ms)
}

STATE { m }

INITIAL {
    rates(v)
    m = mAlpha/(mAlpha + mBeta)
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    g = gbar*m
    ihcn = g*(v - ehcn)
}

DERIVATIVE gates {
    rates(v)
    m' = mAlpha*(1 - m) - mBeta*m
}

PROCEDURE rates(v (mV)) {
    mAlpha = 0.00643*11.9*exprelr((v + 154.9)/11.9)
    mBeta = 0.193*exp(v/33.1)
}
