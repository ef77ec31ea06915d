TITLE Two-electrode voltage clamp with a control amplifier of finite gain and speed

COMMENT
One electrode measures the cell's potential v, the other injects the current that the control amplifier
drives through rstim. The circuit has three potentials: vi, the output of the measuring amplifier; e,
the input of the control amplifier; vo, its output. With the command potential u, Kirchhoff's laws are

    vi = v + fac (vo - v)                        fac: part of the drop over rstim that is measured too
    (e + u) + (e - vi) + tau1 d(e - vi)/dt = 0   summing junction with the low-pass filter tau1
    tau2 dvo/dt + vo = -gain e                   control amplifier
    i = (vo - v)/rstim

As in NEURON's point process of this name the circuit is integrated by backward Euler together with the
membrane: i is linear in v(t + dt) with coefficients known at t, so it enters the linear system of the
cell exactly. The slope di/dv is about gain/(2 rstim), which makes the system stiff; with second-order
steps the potential would ring around the command, so use the clamp with first-order steps only.

The command is amp1 for dur1, amp2 for dur2, amp3 for dur3, from t = 0 on; NEURON's arrays amp[0]... are
amp1... here. Afterwards the electrode is disconnected. i is recorded at the potential at the end of a
step.
ENDCOMMENT

NEURON {
    POINT_PROCESS VClamp
    RANGE gain, rstim, tau1, tau2, fac, dur1, amp1, dur2, amp2, dur3, amp3, e, vo, vi, i
    ELECTRODE_CURRENT i
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (MOhm) = (megohm)
}

PARAMETER {
    gain = 1e5 <0, 1e9>
    rstim = 1 (MOhm) <1e-9, 1e9>
    tau1 = 0.001 (ms) <0, 1e9>
    tau2 = 0 (ms) <0, 1e9>
    fac = 0 <0, 1>
    dur1 = 0 (ms) <0, 1e9>
    amp1 = 0 (mV)
    dur2 = 0 (ms) <0, 1e9>
    amp2 = 0 (mV)
    dur3 = 0 (ms) <0, 1e9>
    amp3 = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    stim (mV)
    closed
    constant (mV)
    slope
    divisor
    driven (mV)
}

STATE {
    e (mV)
    vo (mV)
    vi (mV)
}

INITIAL {
    e = 0
    vo = v
    vi = v
    stim = amp1
    closed = 0
}

BREAKPOINT {
    SOLVE advance
    command()
    circuit()
    i = closed*(constant - (slope + divisor)*v)/(divisor*rstim)
}

: The electrode still holds when the middle of the step is its very end.
PROCEDURE command() {
    stim = amp3
    if (t < dur1 + dur2) {
        stim = amp2
    }
    if (t < dur1) {
        stim = amp1
    }
    closed = 1
    if (t > dur1 + dur2 + dur3) {
        closed = 0
    }
}

: One step of backward Euler: vo = (constant - slope v)/divisor.
PROCEDURE circuit() {
    driven = stim + tau1/dt*(vi - e)
    constant = (2 + tau1/dt)*tau2/dt*vo + gain*driven
    slope = gain*(1 + tau1/dt)*(1 - fac)
    divisor = (2 + tau1/dt)*(1 + tau2/dt) + gain*(1 + tau1/dt)*fac
}

PROCEDURE advance() {
    circuit()
    if (closed > 0) {
        vo = (constant - slope*v)/divisor
        vi = v + fac*(vo - v)
        e = ((1 + tau1/dt)*vi - driven)/(2 + tau1/dt)
        i = (vo - v)/rstim
    } else {
        vo = 0
        vi = v
        e = 0
        i = 0
    }
}
