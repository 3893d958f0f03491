"""What students get wrong in `gates`, and what they get right in other ways."""

import numpy as np

from unrolled.assignment.catalogue import misconception, style


def _is_single(result):
    """Whether one of the arrays of a result is in float32."""
    parts = result if type(result) in (tuple, list) else [result]
    return any(str(getattr(p, "dtype", "")).endswith("float32") for p in parts)


# --- cell_forward


@misconception(
    "cell_forward",
    fails="cell_forgets",
    hint="The gate plays no part: everything is only added. Multiply the old cell by "
    "f before the new is added.",
)
def cell_never_forgets(g, f, c_0):
    """Ignores the gate."""
    return c_0[:, None] + np.cumsum(g, axis=1)


@misconception(
    "cell_forward",
    fails="cell_forgets",
    hint="The gate multiplies the new as well. It decides about the old cell only; g "
    "is added afterwards.",
)
def cell_gate_on_all(g, f, c_0):
    """f * (c + g)."""
    cells, c_t = [], c_0
    for t in range(g.shape[1]):
        c_t = f[:, t] * (c_t + g[:, t])
        cells.append(c_t)
    return np.stack(cells, axis=1)


@misconception(
    "cell_forward",
    fails="cell_adds",
    hint="What is new is multiplied by 1 - f. That's the GRU's way, later; here the "
    "new is added in full, whatever the gate keeps of the old.",
)
def cell_leaky_mean(g, f, c_0):
    """f * c + (1 - f) * g."""
    cells, c_t = [], c_0
    for t in range(g.shape[1]):
        c_t = f[:, t] * c_t + (1 - f[:, t]) * g[:, t]
        cells.append(c_t)
    return np.stack(cells, axis=1)


@misconception(
    "cell_forward",
    fails="cell_start",
    hint="The cell starts from zeros, whatever c_0 is.",
)
def cell_from_zero(g, f, c_0):
    """Forgets c_0."""
    cells, c_t = [], np.zeros(c_0.shape)
    for t in range(g.shape[1]):
        c_t = f[:, t] * c_t + g[:, t]
        cells.append(c_t)
    return np.stack(cells, axis=1)


@misconception(
    "cell_forward",
    fails="cell_adds",
    hint="All cells stand one place too late: the first is c_0 and the last is lost. "
    "Store the cell after the step.",
)
def cell_too_late(g, f, c_0):
    """Stores the cell before the step."""
    cells, c_t = [], c_0
    for t in range(g.shape[1]):
        cells.append(c_t)
        c_t = f[:, t] * c_t + g[:, t]
    return np.stack(cells, axis=1)


@misconception(
    "cell_forward",
    fails="cell_adds",
    hint="Every step starts from c_0 again. The cell that the last step made has to "
    "be handed on.",
)
def cell_not_carried(g, f, c_0):
    """Never carries the cell."""
    return f * c_0[:, None] + g


@style("cell_forward")
def cell_preallocated(g, f, c_0):
    c = np.empty(g.shape)
    before = c_0
    for t in range(g.shape[1]):
        c[:, t] = f[:, t] * before
        c[:, t] += g[:, t]
        before = c[:, t]
    return c


@style("cell_forward")
def cell_loops(g, f, c_0):
    N, T, H = g.shape
    c = np.zeros((N, T, H))
    for n in range(N):
        for j in range(H):
            value = c_0[n, j]
            for t in range(T):
                value = value * f[n, t, j] + g[n, t, j]
                c[n, t, j] = value
    return c


@style("cell_forward")
def cell_accumulate(g, f, c_0):
    from itertools import accumulate

    steps = zip(f.swapaxes(0, 1), g.swapaxes(0, 1), strict=True)
    cells = accumulate(steps, lambda c, s: s[0] * c + s[1], initial=c_0)
    return np.array(list(cells)[1:]).swapaxes(0, 1)


@style("cell_forward")
def cell_torch(g, f, c_0):
    import torch

    g, f, c = (torch.as_tensor(array) for array in (g, f, c_0))
    cells = []
    for t in range(g.shape[1]):
        c = torch.addcmul(g[:, t], f[:, t], c)
        cells.append(c)
    return torch.stack(cells, dim=1).numpy()


# --- lstm_gates


@misconception(
    "lstm_gates",
    fails="gates_order",
    hint="The blocks are read in the order i, f, o, g: candidate and output gate are "
    "exchanged. Here the order is i, f, g, o.",
)
def gates_o_before_g(x_t, h_prev, W_xh, W_hh, b_h):
    """i, f, o, g."""
    i, f, o, g = np.split(x_t @ W_xh + h_prev @ W_hh + b_h, 4, axis=1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


@misconception(
    "lstm_gates",
    fails="gates_order",
    hint="The blocks are read with the forget gate first. Here the order is i, f, g, "
    "o.",
)
def gates_f_first(x_t, h_prev, W_xh, W_hh, b_h):
    """f, i, g, o."""
    f, i, g, o = np.split(x_t @ W_xh + h_prev @ W_hh + b_h, 4, axis=1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


@misconception(
    "lstm_gates",
    fails="gates_order",
    hint="The candidate g is squeezed by the sigmoid, so it can only add. It's the "
    "content, not a gate, and takes tanh.",
)
def gates_g_sigmoid(x_t, h_prev, W_xh, W_hh, b_h):
    """Sigmoid for all."""
    a_t = sigmoid(x_t @ W_xh + h_prev @ W_hh + b_h)
    return tuple(np.split(a_t, 4, axis=1))


@misconception(
    "lstm_gates",
    fails="gates_order",
    hint="All four are squeezed by tanh. i, f and o lie between 0 and 1: they take "
    "the sigmoid.",
)
def gates_all_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """Tanh for all."""
    a_t = np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
    return tuple(np.split(a_t, 4, axis=1))


@misconception(
    "lstm_gates",
    fails="gates_order",
    hint="The four numbers of a unit are taken from neighbouring columns. The blocks "
    "stand side by side: the first H columns are i of all units.",
)
def gates_interleaved(x_t, h_prev, W_xh, W_hh, b_h):
    """Every fourth column."""
    a_t = x_t @ W_xh + h_prev @ W_hh + b_h
    i, f, g, o = (a_t[:, k::4] for k in range(4))
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


@misconception(
    "lstm_gates",
    fails="gates_order",
    hint="The bias b_h is missing in the sum.",
)
def gates_no_bias(x_t, h_prev, W_xh, W_hh, b_h):
    """Forgets the bias."""
    i, f, g, o = np.split(x_t @ W_xh + h_prev @ W_hh, 4, axis=1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


@misconception(
    "lstm_gates",
    fails="gates_memory",
    hint="The gates hear the input only. What was shown last, h_prev, goes into them "
    "as well, through W_hh.",
)
def gates_deaf_to_state(x_t, h_prev, W_xh, W_hh, b_h):
    """Forgets h_prev."""
    i, f, g, o = np.split(x_t @ W_xh + b_h, 4, axis=1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


@misconception(
    "lstm_gates",
    fails=("gates_shape", "gates_order"),
    hint="The sum is cut along the batch. The four blocks stand side by side, along "
    "the last axis: say which axis to split.",
)
def gates_cut_batch(x_t, h_prev, W_xh, W_hh, b_h):
    """Splits axis 0."""
    i, f, g, o = np.split(x_t @ W_xh + h_prev @ W_hh + b_h, 4)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


@misconception(
    "lstm_gates",
    fails="gates_shape",
    hint="The gates are computed in float32, which keeps seven digits of sixteen; a "
    "long sequence shows it. Leave the arrays in float64.",
    matches=lambda calls: all(
        _is_single(call.result) for call in calls if call.name == "lstm_gates"
    ),
)
def gates_single_precision(x_t, h_prev, W_xh, W_hh, b_h):
    """Saves digits."""
    a_t = (x_t @ W_xh + h_prev @ W_hh + b_h).astype(np.float32)
    i, f, g, o = np.split(a_t, 4, axis=1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


@style("lstm_gates")
def gates_slices(x_t, h_prev, W_xh, W_hh, b_h):
    H = h_prev.shape[1]
    a_t = np.dot(x_t, W_xh)
    a_t += np.dot(h_prev, W_hh)
    a_t += b_h
    a_t[:, : 2 * H] = sigmoid(a_t[:, : 2 * H])
    a_t[:, 2 * H : 3 * H] = np.tanh(a_t[:, 2 * H : 3 * H])
    a_t[:, 3 * H :] = sigmoid(a_t[:, 3 * H :])
    return tuple(a_t[:, k * H : (k + 1) * H] for k in range(4))


@style("lstm_gates")
def gates_one_by_one(x_t, h_prev, W_xh, W_hh, b_h):
    H, found = h_prev.shape[1], []
    for k in range(4):
        part = slice(k * H, (k + 1) * H)
        a = x_t @ W_xh[:, part] + h_prev @ W_hh[:, part] + b_h[part]
        found.append(np.tanh(a) if k == 2 else 1 / (1 + np.exp(-a)))
    return found


@style("lstm_gates")
def gates_loops(x_t, h_prev, W_xh, W_hh, b_h):
    N, H = h_prev.shape
    four = np.zeros((4, N, H))
    for k in range(4):
        for n in range(N):
            for j in range(H):
                a = b_h[k * H + j]
                a += sum(x_t[n] * W_xh[:, k * H + j])
                a += sum(h_prev[n] * W_hh[:, k * H + j])
                four[k, n, j] = np.tanh(a) if k == 2 else sigmoid(a)
    return four[0], four[1], four[2], four[3]


@style("lstm_gates")
def gates_torch(x_t, h_prev, W_xh, W_hh, b_h):
    import torch

    arrays = (x_t, h_prev, W_xh, W_hh, b_h)
    x, h, W, U, b = (torch.as_tensor(array) for array in arrays)
    i, f, g, o = (x @ W + h @ U + b).chunk(4, dim=1)
    gates = (i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid())
    return tuple(gate.numpy() for gate in gates)


# --- lstm_step


@misconception(
    "lstm_step",
    fails="step_shown",
    hint="The cell is shown as it is: h_t is o times c_t. Before it's shown, the cell "
    "is squeezed by tanh.",
)
def step_no_tanh(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """o * c_t."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = f * c_prev + i * g
    return o * c_t, c_t


@misconception(
    "lstm_step",
    fails="step_cell",
    hint="The cell itself is squeezed by tanh, so it leaks again. Only what is shown "
    "of it, h_t, goes through tanh.",
)
def step_cell_squeezed(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """c_t = tanh(...)."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = np.tanh(f * c_prev + i * g)
    return o * c_t, c_t


@misconception(
    "lstm_step",
    fails="step_cell",
    hint="Input and forget gate are exchanged: f decides about the old cell, i about "
    "the candidate.",
)
def step_gates_exchanged(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """i * c_prev + f * g."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = i * c_prev + f * g
    return o * np.tanh(c_t), c_t


@misconception(
    "lstm_step",
    fails="step_shown",
    hint="What is shown is made of the old cell. First the cell is renewed, then h_t "
    "is made of the new one.",
)
def step_shows_old(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """o * tanh(c_prev)."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    return o * np.tanh(c_prev), f * c_prev + i * g


@misconception(
    "lstm_step",
    fails="step_cell",
    hint="The old cell is kept in full: the forget gate is missing.",
)
def step_never_forgets(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """c_prev + i * g."""
    i, _, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = c_prev + i * g
    return o * np.tanh(c_t), c_t


@misconception(
    "lstm_step",
    fails="step_cell",
    hint="The candidate is written in full: the input gate is missing.",
)
def step_writes_all(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """f * c_prev + g."""
    _, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = f * c_prev + g
    return o * np.tanh(c_t), c_t


@misconception(
    "lstm_step",
    fails="step_cell",
    hint="The cell is made from h_prev. The cell has its own past, c_prev; h_prev "
    "goes into the gates only.",
)
def step_from_h(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """f * h_prev + i * g."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = f * h_prev + i * g
    return o * np.tanh(c_t), c_t


@misconception(
    "lstm_step",
    fails=("step_cell", "step_shown"),
    hint="State and cell come back in the wrong order: first h_t, then c_t.",
)
def step_returns_exchanged(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """c_t, h_t."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = f * c_prev + i * g
    return c_t, o * np.tanh(c_t)


@misconception(
    "lstm_step",
    fails="step_keeps_inputs",
    hint="The old cell is overwritten: *= and += write into the array of the caller. "
    "Make a new array.",
)
def step_in_place(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """c_prev *= f."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_prev *= f
    c_prev += i * g
    return o * np.tanh(c_prev), c_prev


@misconception(
    "lstm_step",
    fails="step_keeps_inputs",
    hint="State and cell come back in float32, which keeps seven digits of sixteen; a "
    "long sequence shows it. Leave the arrays in float64.",
    matches=lambda calls: all(
        _is_single(call.result) for call in calls if call.name == "lstm_step"
    ),
)
def step_single_precision(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """Saves digits."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = (f * c_prev + i * g).astype(np.float32)
    return (o * np.tanh(c_t)).astype(np.float32), c_t


@style("lstm_step")
def step_short(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    return o * np.tanh(c := i * g + c_prev * f), c


@style("lstm_step")
def step_own_gates(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    H = c_prev.shape[1]
    a = np.hstack([x_t, h_prev]) @ np.vstack([W_xh, W_hh]) + b_h
    s = 1 / (1 + np.exp(-a))
    c_t = s[:, H : 2 * H] * c_prev + s[:, :H] * np.tanh(a[:, 2 * H : 3 * H])
    return s[:, 3 * H :] * np.tanh(c_t), c_t


@style("lstm_step")
def step_einsum_in_own_array(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = np.einsum("nh,nh->nh", f, c_prev)
    c_t += np.einsum("nh,nh->nh", i, g)
    h_t = np.tanh(c_t)
    h_t *= o
    return [h_t, c_t]


@style("lstm_step")
def step_torch(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    import torch

    args = (x_t, h_prev, c_prev, W_xh, W_hh, b_h)
    x, h, c, W, U, b = (torch.as_tensor(array) for array in args)
    i, f, g, o = (x @ W + h @ U + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return (o.sigmoid() * c.tanh()).numpy(), c.numpy()


# --- lstm_forward


@misconception(
    "lstm_forward",
    fails="forward_carries",
    hint="The cell isn't handed on: every step gets c_0 again. Two things are carried "
    "from step to step, state and cell.",
)
def forward_cell_not_carried(x, h_0, c_0, W_xh, W_hh, b_h):
    """c_0 at every step."""
    states, h_t = [], h_0
    for t in range(x.shape[1]):
        h_t, c_t = lstm_step(x[:, t], h_t, c_0, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states, axis=1), c_t


@misconception(
    "lstm_forward",
    fails="forward_carries",
    hint="The state isn't handed on: every step gets h_0 again, so the gates never "
    "hear what was shown.",
)
def forward_state_not_carried(x, h_0, c_0, W_xh, W_hh, b_h):
    """h_0 at every step."""
    states, c_t = [], c_0
    for t in range(x.shape[1]):
        h_t, c_t = lstm_step(x[:, t], h_0, c_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states, axis=1), c_t


@misconception(
    "lstm_forward",
    fails="forward_start",
    hint="State and cell start from zeros, whatever h_0 and c_0 are.",
)
def forward_from_zeros(x, h_0, c_0, W_xh, W_hh, b_h):
    """Ignores both starts."""
    states, h_t, c_t = [], np.zeros(h_0.shape), np.zeros(c_0.shape)
    for t in range(x.shape[1]):
        h_t, c_t = lstm_step(x[:, t], h_t, c_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states, axis=1), c_t


@misconception(
    "lstm_forward",
    fails="forward_start",
    hint="The cell starts from h_0. It has a start of its own, c_0.",
)
def forward_cell_from_h_0(x, h_0, c_0, W_xh, W_hh, b_h):
    """c starts as h_0."""
    states, h_t, c_t = [], h_0, h_0
    for t in range(x.shape[1]):
        h_t, c_t = lstm_step(x[:, t], h_t, c_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states, axis=1), c_t


@misconception(
    "lstm_forward",
    fails="forward_carries",
    hint="State and cell are exchanged from step to step. lstm_step returns h_t "
    "first, then c_t.",
)
def forward_exchanged(x, h_0, c_0, W_xh, W_hh, b_h):
    """c_t, h_t = lstm_step(...)."""
    states, h_t, c_t = [], h_0, c_0
    for t in range(x.shape[1]):
        c_t, h_t = lstm_step(x[:, t], h_t, c_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states, axis=1), c_t


@misconception(
    "lstm_forward",
    fails="forward_shape",
    hint="The cells of all steps come back. Only the last one is asked for: the cell "
    "is private.",
)
def forward_all_cells(x, h_0, c_0, W_xh, W_hh, b_h):
    """c of all steps."""
    states, cells, h_t, c_t = [], [], h_0, c_0
    for t in range(x.shape[1]):
        h_t, c_t = lstm_step(x[:, t], h_t, c_t, W_xh, W_hh, b_h)
        states.append(h_t)
        cells.append(c_t)
    return np.stack(states, axis=1), np.stack(cells, axis=1)


@misconception(
    "lstm_forward",
    fails="forward_shape",
    hint="Only the last state comes back. The states of all steps are asked for, and "
    "of the cells the last.",
)
def forward_last_state(x, h_0, c_0, W_xh, W_hh, b_h):
    """h_T only."""
    h_t, c_t = h_0, c_0
    for t in range(x.shape[1]):
        h_t, c_t = lstm_step(x[:, t], h_t, c_t, W_xh, W_hh, b_h)
    return h_t, c_t


@misconception(
    "lstm_forward",
    fails="forward_shape",
    hint="The steps stand first, (T, N, H). The batch is always the first axis: stack "
    "along axis 1.",
)
def forward_steps_first(x, h_0, c_0, W_xh, W_hh, b_h):
    """(T, N, H)."""
    states, h_t, c_t = [], h_0, c_0
    for t in range(x.shape[1]):
        h_t, c_t = lstm_step(x[:, t], h_t, c_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states), c_t


@style("lstm_forward")
def forward_preallocated(x, h_0, c_0, W_xh, W_hh, b_h):
    N, T, _ = x.shape
    h, h_t, c_t = np.empty((N, T, h_0.shape[1])), h_0.copy(), c_0.copy()
    for t in range(T):
        h_t, c_t = lstm_step(x[:, t], h_t, c_t, W_xh, W_hh, b_h)
        h[:, t] = h_t
    return h, c_t


@style("lstm_forward")
def forward_per_sequence(x, h_0, c_0, W_xh, W_hh, b_h):
    rows, cells = [], []
    for n in range(len(x)):
        h_t, c_t, row = h_0[n : n + 1], c_0[n : n + 1], []
        for x_t in x[n]:
            h_t, c_t = lstm_step(x_t[None], h_t, c_t, W_xh, W_hh, b_h)
            row.append(h_t[0])
        rows.append(row)
        cells.append(c_t[0])
    return np.array(rows), np.array(cells)


@style("lstm_forward")
def forward_torch(x, h_0, c_0, W_xh, W_hh, b_h):
    import torch

    net = torch.nn.LSTM(
        *W_xh.shape[:1], h_0.shape[1], batch_first=True
    ).double()
    named = {"weight_ih_l0": W_xh.T, "weight_hh_l0": W_hh.T, "bias_ih_l0": b_h}
    named["bias_hh_l0"] = np.zeros(b_h.shape)
    net.load_state_dict({n: torch.tensor(a) for n, a in named.items()})
    states = tuple(torch.tensor(a)[None] for a in (h_0, c_0))
    with torch.no_grad():
        h, (_, c_T) = net(torch.tensor(x), states)
    return h.numpy(), c_T[0].numpy()


# --- lstm_cell_backward


@misconception(
    "lstm_cell_backward",
    fails=("cell_back_dc_prev", "cell_back_gates"),
    hint="What was shown sends no error into the cell. h_t was made of c_t, so dh_t "
    "comes in through the output gate and tanh, and adds to dc_t.",
)
def cell_back_only_cell(dh_t, dc_t, cache_t):
    """Forgets the way from h_t."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g, da_o = (
        dc_t * i * (1 - g**2),
        dh_t * np.tanh(cache_t["c_t"]) * o * (1 - o),
    )
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails=("cell_back_dc_prev", "cell_back_gates"),
    hint="The error that the later cell hands back, dc_t, is lost. It adds to what "
    "comes from h_t.",
)
def cell_back_only_shown(dh_t, dc_t, cache_t):
    """Forgets dc_t."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    shown = np.tanh(cache_t["c_t"])
    dc_t = dh_t * o * (1 - shown**2)
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g, da_o = dc_t * i * (1 - g**2), dh_t * shown * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails="cell_back_dc_prev",
    hint="dc_prev is the whole error of the cell. Forward the old cell was multiplied "
    "by the forget gate, so backward its error is, too.",
)
def cell_back_no_forget(dh_t, dc_t, cache_t):
    """dc_prev = dc_t."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    shown = np.tanh(cache_t["c_t"])
    dc_t = dc_t + dh_t * o * (1 - shown**2)
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g, da_o = dc_t * i * (1 - g**2), dh_t * shown * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_t


@misconception(
    "lstm_cell_backward",
    fails="cell_back_gates",
    hint="The errors stop before the squeezing functions. da is the error of the "
    "pre-activation: multiply by s (1 - s), or by 1 - g squared.",
)
def cell_back_no_slopes(dh_t, dc_t, cache_t):
    """di, df, dg, do."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    shown = np.tanh(cache_t["c_t"])
    dc_t = dc_t + dh_t * o * (1 - shown**2)
    parts = [dc_t * g, dc_t * cache_t["c_prev"], dc_t * i, dh_t * shown]
    return np.concatenate(parts, axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails="cell_back_gates",
    hint="The candidate g gets the slope of the sigmoid. It was made with tanh, whose "
    "slope is 1 - g squared.",
)
def cell_back_g_sigmoid(dh_t, dc_t, cache_t):
    """g * (1 - g)."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    shown = np.tanh(cache_t["c_t"])
    dc_t = dc_t + dh_t * o * (1 - shown**2)
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g, da_o = dc_t * i * g * (1 - g), dh_t * shown * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails="cell_back_gates",
    hint="The forget gate's error is made with the new cell. What it was multiplied "
    "with on the way forward was the old one, c_prev.",
)
def cell_back_new_cell(dh_t, dc_t, cache_t):
    """c_t for c_prev."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    shown = np.tanh(cache_t["c_t"])
    dc_t = dc_t + dh_t * o * (1 - shown**2)
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_t"] * f * (1 - f)
    da_g, da_o = dc_t * i * (1 - g**2), dh_t * shown * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails=("cell_back_gates", "cell_back_output"),
    hint="The errors stand in the order i, f, o, g. Keep the order of a_t: i, f, g, o.",
)
def cell_back_order(dh_t, dc_t, cache_t):
    """i, f, o, g."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    shown = np.tanh(cache_t["c_t"])
    dc_t = dc_t + dh_t * o * (1 - shown**2)
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g, da_o = dc_t * i * (1 - g**2), dh_t * shown * o * (1 - o)
    return np.concatenate([da_i, da_f, da_o, da_g], axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails="cell_back_output",
    hint="The slope of tanh is taken as 1 - c_t squared. c_t went into tanh, it didn't "
    "come out: take tanh of c_t first.",
)
def cell_back_wrong_tanh(dh_t, dc_t, cache_t):
    """1 - c_t ** 2."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    c_t = cache_t["c_t"]
    dc_t = dc_t + dh_t * o * (1 - c_t**2)
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g, da_o = dc_t * i * (1 - g**2), dh_t * np.tanh(c_t) * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails="cell_back_output",
    hint="The output gate's error is made with c_t itself. What it was multiplied "
    "with was tanh of c_t.",
)
def cell_back_output_raw(dh_t, dc_t, cache_t):
    """do = dh * c_t."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    c_t = cache_t["c_t"]
    dc_t = dc_t + dh_t * o * (1 - np.tanh(c_t) ** 2)
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g, da_o = dc_t * i * (1 - g**2), dh_t * c_t * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails="cell_back_keeps_inputs",
    hint="dc_t of the caller is changed: += writes into its array. Make a new one.",
)
def cell_back_in_place(dh_t, dc_t, cache_t):
    """dc_t += ..."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    shown = np.tanh(cache_t["c_t"])
    dc_t += dh_t * o * (1 - shown**2)
    da_i, da_f = dc_t * g * i * (1 - i), dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g, da_o = dc_t * i * (1 - g**2), dh_t * shown * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_t * f


@misconception(
    "lstm_cell_backward",
    fails="cell_back_dc_prev",
    hint="The errors come back in float32, which keeps seven digits of sixteen; a "
    "long sequence shows it. Leave the arrays in float64.",
    matches=lambda calls: all(
        _is_single(call.result)
        for call in calls
        if call.name == "lstm_cell_backward"
    ),
)
def cell_back_single_precision(dh_t, dc_t, cache_t):
    """Saves digits."""
    i, f, g, o = (cache_t[name] for name in "ifgo")
    shown = np.tanh(cache_t["c_t"])
    dc_t = dc_t + dh_t * o * (1 - shown**2)
    da_i = dc_t * g * i * (1 - i)
    da_f = dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g = dc_t * i * (1 - g**2)
    da_o = dh_t * shown * o * (1 - o)
    da_t = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    return da_t.astype(np.float32), (dc_t * f).astype(np.float32)


@style("lstm_cell_backward")
def cell_back_filled(dh_t, dc_t, cache_t):
    N, H = dh_t.shape
    c = cache_t
    shown = np.tanh(c["c_t"])
    total = dc_t + dh_t * c["o"] / np.cosh(c["c_t"]) ** 2
    da_t = np.empty((N, 4 * H))
    da_t[:, :H] = total * c["g"] * (c["i"] - c["i"] ** 2)
    da_t[:, H : 2 * H] = total * c["c_prev"] * (c["f"] - c["f"] ** 2)
    da_t[:, 2 * H : 3 * H] = total * c["i"] * (1 - c["g"]) * (1 + c["g"])
    da_t[:, 3 * H :] = dh_t * shown * (c["o"] - c["o"] ** 2)
    return da_t, total * c["f"]


@style("lstm_cell_backward")
def cell_back_loops(dh_t, dc_t, cache_t):
    N, H = dh_t.shape
    da_t, dc_prev = np.zeros((N, 4 * H)), np.zeros((N, H))
    for n in range(N):
        for j in range(H):
            i, f, g, o = (cache_t[name][n, j] for name in "ifgo")
            shown = np.tanh(cache_t["c_t"][n, j])
            dc = dc_t[n, j] + dh_t[n, j] * o * (1 - shown * shown)
            da_t[n, j] = dc * g * i * (1 - i)
            da_t[n, H + j] = dc * cache_t["c_prev"][n, j] * f * (1 - f)
            da_t[n, 2 * H + j] = dc * i * (1 - g * g)
            da_t[n, 3 * H + j] = dh_t[n, j] * shown * o * (1 - o)
            dc_prev[n, j] = dc * f
    return da_t, dc_prev


@style("lstm_cell_backward")
def cell_back_torch(dh_t, dc_t, cache_t):
    import torch

    i, f, g, o, c = (torch.tensor(cache_t[k]) for k in (*"ifgo", "c_prev"))
    a = [torch.logit(i), torch.logit(f), torch.atanh(g), torch.logit(o), c]
    a_i, a_f, a_g, a_o, c = leaves = [leaf.requires_grad_() for leaf in a]
    c_t = a_f.sigmoid() * c + a_i.sigmoid() * a_g.tanh()
    h_t = a_o.sigmoid() * c_t.tanh()
    errors = [torch.tensor(dh_t), torch.tensor(dc_t)]
    *da, dc_prev = torch.autograd.grad([h_t, c_t], leaves, errors)
    return torch.cat(da, dim=1).numpy(), dc_prev.numpy()


# --- lstm_step_backward


@misconception(
    "lstm_step_backward",
    fails="lstm_back_weights",
    hint="dW_hh is made with the old cell. What went into W_hh was the old state, "
    "h_prev.",
)
def lstm_back_with_cell(dh_t, dc_t, cache_t):
    """c_prev for h_prev."""
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dx_t, dh_prev = da_t @ cache_t["W_xh"].T, da_t @ cache_t["W_hh"].T
    dW_xh, dW_hh = cache_t["x_t"].T @ da_t, cache_t["c_prev"].T @ da_t
    return dx_t, dh_prev, dc_prev, dW_xh, dW_hh, da_t.sum(axis=0)


@misconception(
    "lstm_step_backward",
    fails="lstm_back_inputs",
    hint="dc_prev and dh_prev come back in the wrong order: dx_t, dh_prev, dc_prev, "
    "then the weights.",
)
def lstm_back_exchanged(dh_t, dc_t, cache_t):
    """dc_prev before dh_prev."""
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dx_t, dh_prev = da_t @ cache_t["W_xh"].T, da_t @ cache_t["W_hh"].T
    dW_xh, dW_hh = cache_t["x_t"].T @ da_t, cache_t["h_prev"].T @ da_t
    return dx_t, dc_prev, dh_prev, dW_xh, dW_hh, da_t.sum(axis=0)


@misconception(
    "lstm_step_backward",
    fails="lstm_back_weights",
    hint="The gradients of the weights are transposed. A gradient has the shape of "
    "its parameter: dW_xh is (D, 4H), dW_hh is (H, 4H).",
)
def lstm_back_transposed(dh_t, dc_t, cache_t):
    """(4H, D) and (4H, H)."""
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dx_t, dh_prev = da_t @ cache_t["W_xh"].T, da_t @ cache_t["W_hh"].T
    dW_xh, dW_hh = da_t.T @ cache_t["x_t"], da_t.T @ cache_t["h_prev"]
    return dx_t, dh_prev, dc_prev, dW_xh, dW_hh, da_t.sum(axis=0)


@misconception(
    "lstm_step_backward",
    fails="lstm_back_bias",
    hint="db_h still has the batch axis. One bias serves all sequences: add them up.",
)
def lstm_back_bias_rows(dh_t, dc_t, cache_t):
    """(N, 4H)."""
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dx_t, dh_prev = da_t @ cache_t["W_xh"].T, da_t @ cache_t["W_hh"].T
    dW_xh, dW_hh = cache_t["x_t"].T @ da_t, cache_t["h_prev"].T @ da_t
    return dx_t, dh_prev, dc_prev, dW_xh, dW_hh, da_t


@misconception(
    "lstm_step_backward",
    fails="lstm_back_bias",
    hint="db_h is averaged over the batch. The mean is in the loss already: add up.",
)
def lstm_back_bias_mean(dh_t, dc_t, cache_t):
    """The mean over the batch."""
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dx_t, dh_prev = da_t @ cache_t["W_xh"].T, da_t @ cache_t["W_hh"].T
    dW_xh, dW_hh = cache_t["x_t"].T @ da_t, cache_t["h_prev"].T @ da_t
    return dx_t, dh_prev, dc_prev, dW_xh, dW_hh, da_t.mean(axis=0)


@misconception(
    "lstm_step_backward",
    fails="lstm_back_inputs",
    hint="dh_t is added to dh_prev. Nothing leads from h_prev to h_t directly: its "
    "error comes through the gates only.",
)
def lstm_back_shortcut(dh_t, dc_t, cache_t):
    """dh_prev + dh_t."""
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dx_t, dh_prev = da_t @ cache_t["W_xh"].T, dh_t + da_t @ cache_t["W_hh"].T
    dW_xh, dW_hh = cache_t["x_t"].T @ da_t, cache_t["h_prev"].T @ da_t
    return dx_t, dh_prev, dc_prev, dW_xh, dW_hh, da_t.sum(axis=0)


@style("lstm_step_backward")
def lstm_back_einsum(dh_t, dc_t, cache_t):
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dx_t = np.einsum("nk,dk->nd", da_t, cache_t["W_xh"])
    dh_prev = np.einsum("nk,jk->nj", da_t, cache_t["W_hh"])
    dW_xh = np.einsum("nd,nk->dk", cache_t["x_t"], da_t)
    dW_hh = np.einsum("nj,nk->jk", cache_t["h_prev"], da_t)
    return [dx_t, dh_prev, dc_prev, dW_xh, dW_hh, np.einsum("nk->k", da_t)]


@style("lstm_step_backward")
def lstm_back_loops(dh_t, dc_t, cache_t):
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dW_xh = np.zeros(cache_t["W_xh"].shape)
    dW_hh = np.zeros(cache_t["W_hh"].shape)
    dx_t = np.zeros(cache_t["x_t"].shape)
    dh_prev, db_h = np.zeros(dh_t.shape), np.zeros(da_t.shape[1])
    for n, da in enumerate(da_t):
        dx_t[n], dh_prev[n] = cache_t["W_xh"] @ da, cache_t["W_hh"] @ da
        dW_xh += np.outer(cache_t["x_t"][n], da)
        dW_hh += np.outer(cache_t["h_prev"][n], da)
        db_h += da
    return dx_t, dh_prev, dc_prev, dW_xh, dW_hh, db_h


@style("lstm_step_backward")
def lstm_back_one_product(dh_t, dc_t, cache_t):
    c, D = cache_t, cache_t["x_t"].shape[1]
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    both = np.concatenate(
        [c["x_t"], c["h_prev"], np.ones((len(da_t), 1))], axis=1
    )
    back = da_t @ np.concatenate([c["W_xh"], c["W_hh"]]).T
    grads = both.T @ da_t
    weights = grads[:D], grads[D:-1], grads[-1]
    return back[:, :D], back[:, D:], dc_prev, *weights


# --- gru_step


@misconception(
    "gru_step",
    fails="gru_keeps",
    hint="z is used the other way round: it takes the new and keeps 1 - z of the old. "
    "In PyTorch's convention z is the share of the old.",
)
def gru_z_takes(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """z * n + (1 - z) * h_prev."""
    x_r, x_z, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    h_r, h_z, h_n = np.split(h_prev @ W_hh + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return z * n + (1 - z) * h_prev


@misconception(
    "gru_step",
    fails="gru_reset",
    hint="The reset gate multiplies the old state before the product. Here it "
    "multiplies the product, h_prev times W_hn plus bias.",
)
def gru_reset_before(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """(r * h_prev) @ W_hn."""
    H = h_prev.shape[1]
    x_r, x_z, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    h_r, h_z, _ = np.split(h_prev @ W_hh + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + (r * h_prev) @ W_hh[:, 2 * H :] + b_hh[2 * H :])
    return (1 - z) * n + z * h_prev


@misconception(
    "gru_step",
    fails="gru_biases",
    hint="The second bias of the candidate stands outside the reset gate. It belongs "
    "to the bracket that r multiplies.",
)
def gru_bias_outside(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """b_hn outside r."""
    x_r, x_z, x_n = np.split(x_t @ W_xh + b_xh + b_hh, 3, axis=1)
    h_r, h_z, h_n = np.split(h_prev @ W_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h_prev


@misconception(
    "gru_step",
    fails="gru_reset",
    hint="The reset gate is missing: the candidate looks at all of the old state.",
)
def gru_no_reset(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """n without r."""
    _, x_z, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    _, h_z, h_n = np.split(h_prev @ W_hh + b_hh, 3, axis=1)
    z = sigmoid(x_z + h_z)
    return (1 - z) * np.tanh(x_n + h_n) + z * h_prev


@misconception(
    "gru_step",
    fails=("gru_keeps", "gru_values"),
    hint="The blocks are read in the order z, r, n. Here the reset gate comes first: "
    "r, z, n.",
)
def gru_z_first(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """z, r, n."""
    x_z, x_r, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    h_z, h_r, h_n = np.split(h_prev @ W_hh + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h_prev


@misconception(
    "gru_step",
    fails="gru_reset",
    hint="The reset gate multiplies everything in the candidate, the input as well. "
    "It decides about the past only.",
)
def gru_reset_all(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """r * (x + h)."""
    x_r, x_z, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    h_r, h_z, h_n = np.split(h_prev @ W_hh + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    return (1 - z) * np.tanh(r * (x_n + h_n)) + z * h_prev


@misconception(
    "gru_step",
    fails="gru_keeps",
    hint="The candidate is added in full. What z keeps of the old and what is taken "
    "of the new add up to 1: take 1 - z of it.",
)
def gru_adds_all(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """n + z * h_prev."""
    x_r, x_z, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    h_r, h_z, h_n = np.split(h_prev @ W_hh + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    return np.tanh(x_n + r * h_n) + z * h_prev


@misconception(
    "gru_step",
    fails="gru_biases",
    hint="b_hh plays no part. It's added to the product with W_hh, before the cut.",
)
def gru_one_bias(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """Forgets b_hh."""
    x_r, x_z, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    h_r, h_z, h_n = np.split(h_prev @ W_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h_prev


@misconception(
    "gru_step",
    fails="gru_values",
    hint="The state comes back in float32, which keeps seven digits of sixteen; a "
    "long sequence shows it. Leave the arrays in float64.",
    matches=lambda calls: all(
        _is_single(call.result) for call in calls if call.name == "gru_step"
    ),
)
def gru_single_precision(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """Saves digits."""
    x_r, x_z, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    h_r, h_z, h_n = np.split(h_prev @ W_hh + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return ((1 - z) * n + z * h_prev).astype(np.float32)


@style("gru_step")
def gru_slices(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    H = h_prev.shape[1]
    from_x, from_h = x_t @ W_xh + b_xh, h_prev @ W_hh + b_hh
    rz = 1 / (1 + np.exp(-(from_x[:, : 2 * H] + from_h[:, : 2 * H])))
    n = np.tanh(from_x[:, 2 * H :] + rz[:, :H] * from_h[:, 2 * H :])
    return n + rz[:, H:] * (h_prev - n)


@style("gru_step")
def gru_loops(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    N, H = h_prev.shape
    h_t = np.zeros((N, H))
    for n in range(N):
        for j in range(H):
            x = [
                x_t[n] @ W_xh[:, k * H + j] + b_xh[k * H + j] for k in range(3)
            ]
            h = [
                h_prev[n] @ W_hh[:, k * H + j] + b_hh[k * H + j]
                for k in range(3)
            ]
            r, z = sigmoid(x[0] + h[0]), sigmoid(x[1] + h[1])
            h_t[n, j] = (1 - z) * np.tanh(x[2] + r * h[2]) + z * h_prev[n, j]
    return h_t


@style("gru_step")
def gru_torch(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    import torch

    cell = torch.nn.GRUCell(*W_xh.shape[:1], W_hh.shape[0]).double()
    named = {"weight_ih": W_xh.T, "weight_hh": W_hh.T}
    named |= {"bias_ih": b_xh, "bias_hh": b_hh}
    cell.load_state_dict({name: torch.tensor(a) for name, a in named.items()})
    with torch.no_grad():
        return cell(torch.tensor(x_t), torch.tensor(h_prev)).numpy()


# --- gru_forward


@misconception(
    "gru_forward",
    fails="gru_forward_start",
    hint="The state starts from zeros, whatever h_0 is.",
)
def gru_from_zeros(x, h_0, W_xh, W_hh, b_xh, b_hh):
    """Ignores h_0."""
    states, h_t = [], np.zeros(h_0.shape)
    for t in range(x.shape[1]):
        h_t = gru_step(x[:, t], h_t, W_xh, W_hh, b_xh, b_hh)
        states.append(h_t)
    return np.stack(states, axis=1)


@misconception(
    "gru_forward",
    fails="gru_forward_values",
    hint="Every step starts from h_0 again. Hand the new state on.",
)
def gru_not_carried(x, h_0, W_xh, W_hh, b_xh, b_hh):
    """h_0 at every step."""
    steps = range(x.shape[1])
    states = [gru_step(x[:, t], h_0, W_xh, W_hh, b_xh, b_hh) for t in steps]
    return np.stack(states, axis=1)


@misconception(
    "gru_forward",
    fails="gru_forward_values",
    hint="All states stand one place too late: the first is h_0. Store the state "
    "after the step.",
)
def gru_too_late(x, h_0, W_xh, W_hh, b_xh, b_hh):
    """Stores the state before the step."""
    states, h_t = [], h_0
    for t in range(x.shape[1]):
        states.append(h_t)
        h_t = gru_step(x[:, t], h_t, W_xh, W_hh, b_xh, b_hh)
    return np.stack(states, axis=1)


@misconception(
    "gru_forward",
    fails="gru_forward_values",
    hint="The steps stand first, (T, N, H). The batch is always the first axis: stack "
    "along axis 1.",
)
def gru_steps_first(x, h_0, W_xh, W_hh, b_xh, b_hh):
    """(T, N, H)."""
    states, h_t = [], h_0
    for t in range(x.shape[1]):
        h_t = gru_step(x[:, t], h_t, W_xh, W_hh, b_xh, b_hh)
        states.append(h_t)
    return np.stack(states)


@style("gru_forward")
def gru_preallocated(x, h_0, W_xh, W_hh, b_xh, b_hh):
    h = np.empty((*x.shape[:2], h_0.shape[1]))
    for t in range(x.shape[1]):
        before = h[:, t - 1] if t else h_0
        h[:, t] = gru_step(x[:, t], before, W_xh, W_hh, b_xh, b_hh)
    return h


@style("gru_forward")
def gru_accumulated(x, h_0, W_xh, W_hh, b_xh, b_hh):
    from itertools import accumulate

    weights = (W_xh, W_hh, b_xh, b_hh)
    states = accumulate(
        x.swapaxes(0, 1),
        lambda h, x_t: gru_step(x_t, h, *weights),
        initial=h_0,
    )
    return np.array(list(states)[1:]).swapaxes(0, 1)


@style("gru_forward")
def gru_forward_torch(x, h_0, W_xh, W_hh, b_xh, b_hh):
    import torch

    net = torch.nn.GRU(
        *W_xh.shape[:1], W_hh.shape[0], batch_first=True
    ).double()
    named = {"weight_ih_l0": W_xh.T, "weight_hh_l0": W_hh.T}
    named |= {"bias_ih_l0": b_xh, "bias_hh_l0": b_hh}
    net.load_state_dict({name: torch.tensor(a) for name, a in named.items()})
    with torch.no_grad():
        return net(torch.tensor(x), torch.tensor(h_0)[None])[0].numpy()


# --- weights_from_torch


@misconception(
    "weights_from_torch",
    fails=("weights_lstm", "weights_gru"),
    hint="The matrices aren't transposed. PyTorch's stand on the other side of the "
    "input, (4H, D); yours are (D, 4H).",
)
def weights_not_transposed(state_dict):
    """(4H, D)."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    W, U, b, c = (state_dict[name].numpy().astype(float) for name in names)
    if len(U) == 4 * U.shape[1]:
        return {"W_xh": W, "W_hh": U, "b_h": b + c}
    return {"W_xh": W, "W_hh": U, "b_xh": b, "b_hh": c}


@misconception(
    "weights_from_torch",
    fails="weights_lstm",
    hint="The second bias of the LSTM is lost. PyTorch adds both: b_h is their sum.",
)
def weights_one_bias(state_dict):
    """b_ih only."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    W, U, b, c = (state_dict[name].numpy().astype(float).T for name in names)
    if U.shape[1] == 4 * len(U):
        return {"W_xh": W, "W_hh": U, "b_h": b}
    return {"W_xh": W, "W_hh": U, "b_xh": b, "b_hh": c}


@misconception(
    "weights_from_torch",
    fails="weights_gru",
    hint="The two biases of the GRU are added up. In the candidate they do different "
    "things: keep them apart as b_xh and b_hh.",
)
def weights_gru_added(state_dict):
    """b_h for all."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    W, U, b, c = (state_dict[name].numpy().astype(float).T for name in names)
    return {"W_xh": W, "W_hh": U, "b_h": b + c}


@misconception(
    "weights_from_torch",
    fails="weights_lstm",
    hint="The two biases of the LSTM are kept apart, as if it were a GRU. Yours has "
    "one, b_h, their sum.",
)
def weights_lstm_apart(state_dict):
    """b_xh and b_hh for all."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    W, U, b, c = (state_dict[name].numpy().astype(float).T for name in names)
    return {"W_xh": W, "W_hh": U, "b_xh": b, "b_hh": c}


@misconception(
    "weights_from_torch",
    fails=("weights_lstm", "weights_gru"),
    hint="Tensors come back. Your functions work with NumPy arrays of float64: "
    ".numpy() makes an array of a tensor.",
    matches=lambda calls: all(
        type(call.result) is dict
        and bool(call.result)
        and all(hasattr(value, "detach") for value in call.result.values())
        for call in calls
    ),
)
def weights_tensors(state_dict):
    """Tensors."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    W, U, b, c = (state_dict[name].double().T for name in names)
    if U.shape[1] == 4 * len(U):
        return {"W_xh": W, "W_hh": U, "b_h": b + c}
    return {"W_xh": W, "W_hh": U, "b_xh": b, "b_hh": c}


@misconception(
    "weights_from_torch",
    fails="weights_lstm",
    hint="Whatever can be divided by 3 is taken for a GRU. 12 columns can be three "
    "blocks of 4 or four blocks of 3: compare the columns of W_hh with its rows.",
)
def weights_threes(state_dict):
    """Asks whether 3 divides the columns."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    W, U, b, c = (state_dict[name].numpy().astype(float).T for name in names)
    if U.shape[1] % 3 != 0:
        return {"W_xh": W, "W_hh": U, "b_h": b + c}
    return {"W_xh": W, "W_hh": U, "b_xh": b, "b_hh": c}


@misconception(
    "weights_from_torch",
    fails="weights_gru",
    hint="Whatever can be divided by 4 is taken for an LSTM. 12 columns can be four "
    "blocks of 3 or three blocks of 4: compare the columns of W_hh with its rows.",
)
def weights_fours(state_dict):
    """Asks whether 4 divides the columns."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    W, U, b, c = (state_dict[name].numpy().astype(float).T for name in names)
    if U.shape[1] % 4 == 0:
        return {"W_xh": W, "W_hh": U, "b_h": b + c}
    return {"W_xh": W, "W_hh": U, "b_xh": b, "b_hh": c}


@style("weights_from_torch")
def weights_loop(state_dict):
    import torch

    found = {}
    for mine, theirs in (("xh", "ih"), ("hh", "hh")):
        weight = state_dict[f"weight_{theirs}_l0"].detach()
        found[f"W_{mine}"] = np.array(weight.T.to(torch.float64))
        found[f"b_{mine}"] = np.array(state_dict[f"bias_{theirs}_l0"].double())
    if found["W_hh"].shape[1] // found["W_hh"].shape[0] == 4:
        found["b_h"] = found.pop("b_xh") + found.pop("b_hh")
    return found


@style("weights_from_torch")
def weights_in_order(state_dict):
    W, U, b, c = (
        np.transpose(np.array(tensor.tolist()))
        for tensor in state_dict.values()
    )
    result = {"W_xh": W, "W_hh": U}
    if U.size == 3 * len(U) ** 2:
        result.update(b_xh=b, b_hh=c)
    else:
        result.update(b_h=np.add(b, c))
    return result


@style("weights_from_torch")
def weights_by_rows(state_dict):
    arrays = {n: t.numpy().astype(np.float64) for n, t in state_dict.items()}
    rows, H = arrays["weight_hh_l0"].shape
    found = {"W_xh": arrays["weight_ih_l0"].T.copy()}
    found["W_hh"] = arrays["weight_hh_l0"].T.copy()
    b, c = arrays["bias_ih_l0"], arrays["bias_hh_l0"]
    return found | (
        {"b_h": b + c} if rows == 4 * H else {"b_xh": b, "b_hh": c}
    )


# --- count_parameters


@misconception(
    "count_parameters",
    fails=("count_rnn_lstm", "count_gru"),
    hint="The biases are missing.",
)
def count_no_bias(cell, D, H):
    """Weights only."""
    return {"rnn": 1, "lstm": 4, "gru": 3}[cell] * (D * H + H * H)


@misconception(
    "count_parameters",
    fails="count_gru",
    hint="The GRU is counted with one bias per block. Yours has two, b_xh and b_hh.",
)
def count_one_bias(cell, D, H):
    """One bias for all."""
    return {"rnn": 1, "lstm": 4, "gru": 3}[cell] * (D * H + H * H + H)


@misconception(
    "count_parameters",
    fails="count_rnn_lstm",
    hint="Two biases are counted for every cell, as PyTorch has them. Here the plain "
    "network and the LSTM have one.",
)
def count_two_biases(cell, D, H):
    """Two biases for all."""
    return {"rnn": 1, "lstm": 4, "gru": 3}[cell] * (D * H + H * H + 2 * H)


@misconception(
    "count_parameters",
    fails=("count_rnn_lstm", "count_gru"),
    hint="The blocks are forgotten: this is one block only. The LSTM has four of "
    "them, the GRU three.",
)
def count_one_block(cell, D, H):
    """One block."""
    return D * H + H * H + (2 if cell == "gru" else 1) * H


@misconception(
    "count_parameters",
    fails="count_rnn_lstm",
    hint="The LSTM is counted with three blocks. The candidate g has weights of its "
    "own, as the three gates have: four blocks.",
)
def count_three_gates(cell, D, H):
    """Forgets the candidate."""
    blocks = {"rnn": 1, "lstm": 3, "gru": 2}[cell]
    return blocks * (D * H + H * H + (2 if cell == "gru" else 1) * H)


@style("count_parameters")
def count_branches(cell, D, H):
    if cell == "rnn":
        return H * (D + H + 1)
    if cell == "lstm":
        return 4 * H * (D + H + 1)
    return 3 * H * (D + H + 2)


@style("count_parameters")
def count_shapes(cell, D, H):
    k = ["", "rnn", "", "gru", "lstm"].index(cell)
    shapes = [(D, k * H), (H, k * H), (k * H,)] + [(k * H,)] * (k == 3)
    return int(sum(np.prod(shape) for shape in shapes))


@style("count_parameters")
def count_torch(cell, D, H):
    import torch

    network = getattr(torch.nn, cell.upper())(D, H)
    total = sum(p.numel() for p in network.parameters())
    return total if cell == "gru" else total - len(network.bias_hh_l0)
