TITLE Inhibitory synapse with stochastic release of vesicles and short-term plasticity

COMMENT
Release is that of ProbAMPANMDA_EMS: Fuhrmann, Segev, Markram and Tsodyks, J. Neurophysiol. 87 (2002) 140,
with Nrrp release sites as in Loebel et al., Front. Comput. Neurosci. 3 (2009) 27, and as used by Markram et
al., Cell 163 (2015) 456. At a spike after the interval D each empty site has recovered with probability
1 - exp(-D/Dep); the release probability becomes u exp(-D/Fac), then u + Use (1 - u), or Use where Fac is 0;
each occupied site releases with probability u.

What is released opens GABAA and GABAB receptors, each with a conductance B - A that rises with tau_r and
decays with tau_d; a factor makes the peak after all sites release the weight (nS), times GABAB_ratio for
GABAB.

Names and defaults are those of the point process of this name that circuits of the Blue Brain Project are
written for. Draws of the stream rng and the types of connections in the second weight are those of
ProbAMPANMDA_EMS.
ENDCOMMENT

NEURON {
    POINT_PROCESS ProbGABAAB_EMS
    NONSPECIFIC_CURRENT i
    RANDOM rng
    RANGE tau_r_GABAA, tau_d_GABAA, e_GABAA, e_GABAB, Use, Dep, Fac, u0, Nrrp, GABAB_ratio
    RANGE synapseID, selected_for_report, verboseLevel
    RANGE u, tsyn, occupied, unoccupied
    RANGE i, i_GABAA, i_GABAB, g, g_GABAA, g_GABAB
    RANGE A_GABAA_step, B_GABAA_step, A_GABAB_step, B_GABAB_step
    GLOBAL tau_r_GABAB, tau_d_GABAB, gmax, nc_type_param, minis_single_vesicle, init_depleted
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (nS) = (nanosiemens)
}

PARAMETER {
    tau_r_GABAA = 0.2 (ms) <1e-9, 1e9>
    tau_d_GABAA = 8 (ms) <1e-9, 1e9>
    tau_r_GABAB = 3.5 (ms) <1e-9, 1e9>
    tau_d_GABAB = 260.9 (ms) <1e-9, 1e9>
    Use = 1
    Dep = 100 (ms) <0, 1e9>
    Fac = 10 (ms) <0, 1e9>
    e_GABAA = -80 (mV)
    e_GABAB = -97 (mV)
    gmax = 0.001 (uS/nS)
    u0 = 0
    Nrrp = 1 <1, 1e9>
    GABAB_ratio = 0
    synapseID = 0
    verboseLevel = 0
    selected_for_report = 0
    nc_type_param = 1
    minis_single_vesicle = 0
    init_depleted = 0
}

ASSIGNED {
    v (mV)
    dt (ms)
    i (nA)
    i_GABAA (nA)
    i_GABAB (nA)
    g (uS)
    g_GABAA (uS)
    g_GABAB (uS)
    factor_GABAA
    factor_GABAB
    A_GABAA_step
    B_GABAA_step
    A_GABAB_step
    B_GABAB_step
    u
    tsyn (ms)
    occupied
    unoccupied
    later (nS)
    is_later
}

STATE {
    A_GABAA (nS)
    B_GABAA (nS)
    A_GABAB (nS)
    B_GABAB (nS)
}

INITIAL {
    A_GABAA = 0
    B_GABAA = 0
    A_GABAB = 0
    B_GABAB = 0
    factor_GABAA = 1/peak(tau_r_GABAA, tau_d_GABAA)
    factor_GABAB = 1/peak(tau_r_GABAB, tau_d_GABAB)
    A_GABAA_step = exp(-dt/tau_r_GABAA)
    B_GABAA_step = exp(-dt/tau_d_GABAA)
    A_GABAB_step = exp(-dt/tau_r_GABAB)
    B_GABAB_step = exp(-dt/tau_d_GABAB)
    u = u0
    tsyn = 0
    occupied = Nrrp
    if (init_depleted) {
        occupied = 0
    }
    unoccupied = Nrrp - occupied
    is_later = 0
    later = 0
}

: Largest difference of two decays from 1.
FUNCTION peak(rise (ms), decay (ms)) {
    LOCAL at
    at = rise*decay/(decay - rise)*log(decay/rise)
    peak = exp(-at/decay) - exp(-at/rise)
}

BREAKPOINT {
    SOLVE decay
    g_GABAA = gmax*(B_GABAA - A_GABAA)
    g_GABAB = gmax*(B_GABAB - A_GABAB)
    g = g_GABAA + g_GABAB
    i_GABAA = g_GABAA*(v - e_GABAA)
    i_GABAB = g_GABAB*(v - e_GABAB)
    i = i_GABAA + i_GABAB
}

PROCEDURE decay() {
    A_GABAA = A_GABAA*A_GABAA_step
    B_GABAA = B_GABAA*B_GABAA_step
    A_GABAB = A_GABAB*A_GABAB_step
    B_GABAB = B_GABAB*B_GABAB_step
}

NET_RECEIVE (weight (nS), nc_type) {
    LOCAL own, survival, sites, k, released, jump
    INITIAL { : without this block nc_type would be set to 0
    }
    if (nc_type == -1) {
        later = weight
        is_later = 1
    } else {
        own = weight
        if (is_later && nc_type == 0) {
            own = later
        }
        if (own > 0 && t >= 0) {
            if (Fac > 0) {
                u = u*exp(-(t - tsyn)/Fac)
                u = u + Use*(1 - u)
            } else {
                u = Use
            }
            survival = exp(-(t - tsyn)/Dep)
            sites = unoccupied - 1
            k = 0
            while (k <= sites) {
                if (random_uniform(rng) > survival) {
                    occupied = occupied + 1
                }
                k = k + 1
            }
            sites = occupied - 1
            if (minis_single_vesicle && nc_type == 1 && sites > 0) {
                sites = 0
            }
            released = 0
            k = 0
            while (k <= sites) {
                if (random_uniform(rng) < u) {
                    released = released + 1
                }
                k = k + 1
            }
            occupied = occupied - released
            unoccupied = Nrrp - occupied
            tsyn = t
            jump = released/Nrrp*own*factor_GABAA
            A_GABAA = A_GABAA + jump
            B_GABAA = B_GABAA + jump
            jump = released/Nrrp*own*GABAB_ratio*factor_GABAB
            A_GABAB = A_GABAB + jump
            B_GABAB = B_GABAB + jump
        }
    }
}
