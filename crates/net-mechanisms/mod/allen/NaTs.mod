TITLE Transient sodium channel of the soma

COMMENT
Form of Colbert and Pan, Nat. Neurosci. 5 (2002) 533; with u = v - mvhalf and w = v - hvhalf

    alpha_m = malphaF u/(1 - exp(-u/mk))    beta_m = mbetaF u/(exp(u/mk) - 1)
    alpha_h = halphaF w/(exp(w/hk) - 1)     beta_h = hbetaF w/(1 - exp(-w/hk))

per ms at 23 degrees, times 2.3^((celsius - 23)/10); i = gbar m^3 h (v - ena).
As in the models of the Allen Cell Types Database, Gouwens et al., Nat. Commun. 9 (2018) 710.
ENDCOMMENT

NEURON {
    SUFFIX NaTs
    USEION na READ ena WRITE ina
    RANGE gbar, g, ina
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1e-5 (S/cm2) <0, 1e9>
    malphaF = 0.182 (/ms/mV)
    mbetaF = 0.124 (/ms/mV)
    mvhalf = -40 (mV)
    mk = 6 (mV) <1e-9, 1e9>
    halphaF = 0.015 (/ms/mV)
    hbetaF = 0.015 (/ms/mV)
    hvhalf = -66 (mV)
    hk = 6 (mV) <1e-9, 1e9>
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ina (mA/cm2)
    g (S/cm2)
    mAlpha (/ms)
    mBeta (/ms)
    hAlpha (/ms)
    hBeta (/ms)
}

STATE { m h }

INITIAL {
    rates(v)
    m = mAlpha/(mAlpha + mBeta)
    h = hAlpha/(hAlpha + hBeta)
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    g = gbar*m*m*m*h
    ina = g*(v - ena)
}

DERIVATIVE gates {
    rates(v)
    m' = mAlpha*(1 - m) - mBeta*m
    h' = hAlpha*(1 - h) - hBeta*h
}

PROCEDURE rates(v (mV)) {
    LOCAL qt, u
    qt = 2.3^((celsius - 23)/10)
    u = v - mvhalf
    mAlpha = qt*malphaF*mk*exprelr(-u/mk)
    mBeta = qt*mbetaF*mk*exprelr(u/mk)
    u = v - hvhalf
    hAlpha = qt*halphaF*hk*exprelr(u/hk)
    hBeta = qt*hbetaF*hk*exprelr(-u/hk)
}
