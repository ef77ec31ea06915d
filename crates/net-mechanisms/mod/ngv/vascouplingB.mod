TITLE Endfoot of an astrocyte on a vessel: potassium, smooth muscle, radius

COMMENT
From the endfoot's potential to the radius of the vessel that it enwraps.

Endfoot. BK channels let potassium into the perivascular space. Their gate n follows

    n' = 20000 phi_n (neq - n),   neq = (1 + tanh((e - v3)/v4))/2,   phi_n = gamma_n cosh((e - v3)/(2 v4))

with v3 = v6 - v5/2 tanh((cai - Ca3)/Ca4): Gonzalez-Fernandez and Ermentrout, Math. Biosci. 119 (1994) 127, in the
endfoot as in Farr and David, J. Theor. Biol. 286 (2011) 13. Circuits compute the gate at the fixed potential e
(mV), and so does this file; the current I_BK = gBK n (v - Ebk) follows v.

Perivascular potassium and smooth muscle. Potassium kp comes from the BK channels and the inward rectifiers of the
muscle, and is cleared; the rectifiers' conductance and reversal potential depend on it (Dormanns et al., J. Theor.
Biol. 364 (2015) 49), and move the muscle's potential Vi, which returns to -30 mV. L-type channels (Bennett, Farnell
and Gibson, J. Theor. Biol. 250 (2008) 172) set the muscle's calcium Cam, linear in their current.

Contraction. Calcium phosphorylates cross bridges with cross Cam^3: free M, free and phosphorylated Mp, attached and
phosphorylated AMp, attached AM, which add up to 1. Young's modulus and the unloaded radius of the wall depend on the
part Frm that is attached, and with R0pas/visc the radius Rad follows the balance of pressure and tension, less what
it was at the start, so that the vessel starts in balance (Dormanns et al.).

States advance one after the other by the explicit Euler method, as in these circuits; n needs steps below 0.03 ms.
Names, units and defaults (in NEURON's six digits) are those of the mechanism of this name that neuro-glial-vascular
circuits of the Blue Brain and Open Brain projects use, where Vi returns by 0.001 of the difference in each step of
0.025 ms: 0.04 /ms here. What has no effect there (eete, eet_shift, keet, gammaeet, Cm) is left out.
ENDCOMMENT

NEURON {
    SUFFIX vascouplingB
    USEION ca READ cai
    RANGE R0pas
    RANGE j_BK, I_BK, v3, neq, phi_n
    RANGE j_KIR, I_KIR, vKIR, gKIR
    RANGE pCam, iCam, ICam, jCam, Cam
    RANGE Frm, th
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (um) = (micron)
    (uF) = (microfarad)
    (uS) = (microsiemens)
    (Pa) = (pascal)
}

PARAMETER {
    f = 96485.3 (coulomb) <1e-9, 1e9>
    e = 2.71828 (mV)
    VRpa = 0.0005 <1e-9, 1e9>
    VRps = 0.1 <1e-9, 1e9>
    Rdecay = 0.00005 (/ms) <0, 1e9>
    kpmin = 3 (mM) <0, 1e9>
    Vh = 6.2 (mV)
    kCam = 9.5 (mV) <1e-9, 1e9>
    Vbar = 1.44 (mV)
    kappa = 4.1e-12 (mA/mV) <1e-30, 1e9>
    Ntot = 10000 <1e-9, 1e9>
    Cam0 = 0.00005 (mM) <0, 1e9>
    Caminit = 0.0003 (mM) <0, 1e9>
    Cmu = 0.000084 (uF) <1e-30, 1e9>
    K2 = 0.0005 (/ms) <0, 1e9>
    K3 = 0.0004 (/ms) <0, 1e9>
    K4 = 0.0001 (/ms) <0, 1e9>
    K5 = 0.0005 (/ms) <0, 1e9>
    K7 = 0.0001 (/ms) <0, 1e9>
    cross = 17 <0, 1e9>
    R0pas = 20 (um) <1e-9, 1e9>
    th0pas = 3 (um) <1e-9, 1e9>
    Pt = 4000 (Pa) <0, 1e9>
    Epas = 66000 (Pa) <0, 1e9>
    Eact = 233000 (Pa) <0, 1e9>
    alphar = 0.6 <1e-9, 1e9>
    visc = 1e7 <1e-9, 1e30>
    gBK = 0.013854 (uS) <0, 1e9>
    Ebk = -95 (mV)
    gamma_n = 0.002664 (/ms) <0, 1e9>
    v4 = 14.5 (mV) <1e-9, 1e9>
    v5 = 8 (mV)
    v6 = -15 (mV)
    Ca3 = 0.0004 (mM)
    Ca4 = 0.00015 (mM) <1e-12, 1e9>
}

ASSIGNED {
    v (mV)
    dt (ms)
    cai (mM)
    j_BK I_BK v3 neq phi_n
    j_KIR I_KIR vKIR gKIR
    pCam iCam ICam jCam Cam
    Frm th
    binding
    load0
}

STATE { kp Vi M Mp AMp AM Rad n }

UNITSOFF

INITIAL {
    kp = kpmin
    Vi = -30
    Mp = 0.0679663
    AMp = 0.138629
    AM = 0.358521
    Rad = 14.7
    n = 0
    fluxes()
    load0 = unbalanced()
}

BREAKPOINT { SOLVE advance }

: Currents, calcium of the muscle and the wall, from the states.
PROCEDURE fluxes() {
    LOCAL volume
    : 11 um3 in litres
    volume = 11*1e-18
    v3 = v6 - v5/2*tanh((cai - Ca3)/Ca4)
    neq = 0.5*(1 + tanh((e - v3)/v4))
    phi_n = gamma_n*cosh((e - v3)/(2*v4))
    I_BK = 1e-6*gBK*n*(v - Ebk)
    j_BK = 1e-6*I_BK/(f*volume)

    vKIR = 4.5*kp - 112
    gKIR = e^(0.42*kp - 0.074*Vi - 12.6)
    j_KIR = -1e-6*666*750/1970*gKIR*(Vi - vKIR)
    I_KIR = 1e6*j_KIR*f*volume

    pCam = opened(Vi)
    iCam = unitary(Vi)
    ICam = Ntot*pCam*iCam
    jCam = 1e-6*ICam/(f*volume)
    Cam = Cam0 + (Caminit - Cam0)*ICam/(Ntot*opened(-30)*unitary(-30))

    : mM to uM, /s to /ms
    binding = 1e-3*cross*(1e3*Cam)^3
    M = 1 - AM - AMp - Mp
    Frm = AMp + AM
    th = sqrt(Rad^2 + th0pas*(2*R0pas + th0pas)) - Rad
}

: Open L-type channels, and the current of one (mA).
FUNCTION opened(u) { opened = 1/(1 + e^((Vh - u)/kCam)) }

FUNCTION unitary(u) { unitary = kappa*(u - Vbar)/(1 - e^(0.075*(u - Vbar))) }

: Pressure on the wall less its tension, Pa.
FUNCTION unbalanced() {
    LOCAL modulus, unloaded
    modulus = Epas + Frm*(Eact - Epas)
    unloaded = R0pas*(1 + Frm*(alphar - 1))
    unbalanced = Rad*Pt/th - modulus*(Rad - unloaded)/unloaded
}

PROCEDURE advance() {
    fluxes()
    kp = kp + dt*(1e-4*j_BK/VRpa + j_KIR/VRps - 1000*Rdecay*(kp - kpmin))
    Vi = Vi + dt*(1e7*I_KIR/Cmu - 0.04*(Vi + 30))
    Rad = Rad + dt*R0pas/visc*(unbalanced() - load0)
    n = n + 20000*dt*phi_n*(neq - n)
    M = M + dt*(K2*Mp + K7*AM - binding*M)
    Mp = Mp + dt*(K4*AMp + binding*M - (K2 + K3)*Mp)
    AMp = AMp + dt*(K3*Mp + binding*AM - (K4 + K5)*AMp)
    AM = AM + dt*(K5*AMp - (K7 + binding)*AM)
}

UNITSON
