TITLE Transient sodium channel with shifts and slopes

COMMENT
Colbert and Pan, Nat. Neurosci. 5 (2002) 533, with shifts of activation and inactivation and their slopes as
parameters; with u = v + 38 mV - vshiftm and w = v + 66 mV - vshifth

    alpha_m = 0.182 u/(1 - exp(-u/slopem))    beta_m = 0.124 u/(exp(u/slopem) - 1)
    alpha_h = 0.015 w/(exp(w/slopeh) - 1)     beta_h = 0.015 w/(1 - exp(-w/slopeh))

per ms at 21 degrees, times 2.3^((34 - 21)/10); i = gbar m^3 h (v - ena).
Where the mechanism TTXDynamicsSwitch has set a concentration of tetrodotoxin outside, the channel is closed:
m goes to 0 and h to 1 at once.
ENDCOMMENT

NEURON {
    SUFFIX NaTg
    USEION na READ ena WRITE ina
    USEION ttx READ ttxo, ttxi VALENCE 1
    RANGE gNaTgbar, gNaTg, ina, vshifth, vshiftm, slopeh, slopem
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
    (mM) = (milli/liter)
}

PARAMETER {
    gNaTgbar = 1e-5 (S/cm2) <0, 1e9>
    vshifth = 0 (mV)
    vshiftm = 0 (mV)
    slopeh = 6 (mV) <1e-9, 1e9>
    slopem = 6 (mV) <1e-9, 1e9>
}

ASSIGNED {
    v (mV)
    ena (mV)
    ina (mA/cm2)
    gNaTg (S/cm2)
    ttxo (mM)
    ttxi (mM)
    mInf
    mTau (ms)
    hInf
    hTau (ms)
}

STATE { m h }

INITIAL {
    rates(v)
    m = mInf
    h = hInf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    gNaTg = gNaTgbar*m*m*m*h
    ina = gNaTg*(v - ena)
}

DERIVATIVE gates {
    rates(v)
    m' = (mInf - m)/mTau
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt, alpha, beta, u
    if (ttxi == 0.015625 && ttxo > 1e-12) {
        mInf = 0
        mTau = 1e-12
        hInf = 1
        hTau = 1e-12
    } else {
        qt = 2.3^((34 - 21)/10)
        u = v + 38 - vshiftm
        alpha = 0.182*slopem*exprelr(-u/slopem)
        beta = 0.124*slopem*exprelr(u/slopem)
        mInf = alpha/(alpha + beta)
        mTau = 1/(qt*(alpha + beta))
        u = v + 66 - vshifth
        alpha = 0.015*slopeh*exprelr(u/slopeh)
        beta = 0.015*slopeh*exprelr(-u/slopeh)
        hInf = alpha/(alpha + beta)
        hTau = 1/(qt*(alpha + beta))
    }
}
