TITLE Slowly inactivating D-type potassium channel

COMMENT
Shu, Yu, Yang and McCormick, PNAS 104 (2007) 11453, axons of prefrontal pyramidal cells:

    m_inf = 1/(1 + exp(-(v - vhalfm)/km))    tau_m = 0.6 ms
    h_inf = 1/(1 + exp((v - vhalfh)/kh))     tau_h = 1500 ms

without a correction for temperature; i = gkbar m h (v - ek). The reversal potential is a parameter of the
channel, not that of the ion.
ENDCOMMENT

NEURON {
    SUFFIX KdShu2007
    USEION k WRITE ik
    RANGE gkbar, ik, ek, minf, mtau, hinf, htau
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gkbar = 0.1 (S/cm2) <0, 1e9>
    ek = -100 (mV)
    vhalfm = -43 (mV)
    km = 8 (mV) <1e-9, 1e9>
    vhalfh = -67 (mV)
    kh = 7.3 (mV) <1e-9, 1e9>
}

ASSIGNED {
    v (mV)
    ik (mA/cm2)
    minf
    mtau (ms)
    hinf
    htau (ms)
}

STATE { m h }

INITIAL {
    rates(v)
    m = minf
    h = hinf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    ik = gkbar*m*h*(v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) {
    minf = 1/(1 + exp(-(v - vhalfm)/km))
    mtau = 0.6
    hinf = 1/(1 + exp((v - vhalfh)/kh))
    htau = 1500
}
