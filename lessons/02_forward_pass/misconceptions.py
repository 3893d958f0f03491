"""Wrong solutions that real students hand in, and right ones in other styles."""

import numpy as np

from unrolled.assignment.catalogue import misconception, style


def _is_single(result):
    """Whether a result is an array (or a tensor) in float32."""
    return str(getattr(result, "dtype", "")).endswith("float32")


# ---- rnn_step


@misconception(
    "rnn_step",
    fails="rnn_step_bias",
    hint="The bias b_h is missing: it belongs to the sum before tanh is taken.",
)
def step_no_bias(x_t, h_prev, W_xh, W_hh, b_h):
    """Forgets the bias."""
    return np.tanh(x_t @ W_xh + h_prev @ W_hh)


@misconception(
    "rnn_step",
    fails="rnn_step_bias",
    hint="The bias b_h is added twice, once for the input and once for the state. "
    "One step has one bias.",
)
def step_bias_twice(x_t, h_prev, W_xh, W_hh, b_h):
    """Treats the two products as two layers with a bias each."""
    return np.tanh((x_t @ W_xh + b_h) + (h_prev @ W_hh + b_h))


@misconception(
    "rnn_step",
    fails="rnn_step_memory",
    hint="W_hh is used transposed. States are rows: W_hh[i, j] leads from the old unit "
    "i to the new unit j.",
)
def step_transposed_recurrence(x_t, h_prev, W_xh, W_hh, b_h):
    """Multiplies with the transpose; unseen where W_hh is symmetric."""
    return np.tanh(x_t @ W_xh + h_prev @ W_hh.T + b_h)


@misconception(
    "rnn_step",
    fails=("rnn_step_values", "rnn_step_saturates"),
    hint="This is the pre-activation: the sum is right, but tanh is missing, so the "
    "state can grow without limit.",
)
def step_no_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """Leaves the state linear."""
    return x_t @ W_xh + h_prev @ W_hh + b_h


@misconception(
    "rnn_step",
    fails=("rnn_step_values", "rnn_step_saturates"),
    hint="This is the sigmoid of the sum: values lie between 0 and 1. The equation "
    "asks for tanh, which reaches from -1 to 1.",
)
def step_sigmoid(x_t, h_prev, W_xh, W_hh, b_h):
    """Takes the sigmoid."""
    return 1 / (1 + np.exp(-(x_t @ W_xh + h_prev @ W_hh + b_h)))


@misconception(
    "rnn_step",
    fails=("rnn_step_values", "rnn_step_saturates"),
    hint="The input is added after tanh. All three terms are summed first, and tanh is "
    "taken of the whole sum.",
)
def step_input_after_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """Closes the bracket of tanh too early."""
    return np.tanh(h_prev @ W_hh + b_h) + x_t @ W_xh


@misconception(
    "rnn_step",
    fails="rnn_step_values",
    hint="Each of the two products gets a tanh of its own. All three terms are summed "
    "first, and tanh is taken once, of the whole sum.",
)
def step_two_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """Treats input and state as two networks."""
    return np.tanh(x_t @ W_xh + b_h) + np.tanh(h_prev @ W_hh)


@misconception(
    "rnn_step",
    fails="rnn_step_memory",
    hint="The old state h_prev plays no part in the result: without its term this is "
    "a feedforward layer.",
)
def step_forgets_past(x_t, h_prev, W_xh, W_hh, b_h):
    """Forgets the old state."""
    return np.tanh(x_t @ W_xh + b_h)


@misconception(
    "rnn_step",
    fails="rnn_step_keeps_inputs",
    hint="The new state is written into the array h_prev, which belongs to the caller. "
    "Make a new array instead.",
)
def step_in_place(x_t, h_prev, W_xh, W_hh, b_h):
    """Overwrites its argument."""
    h_prev[:] = np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
    return h_prev


@misconception(
    "rnn_step",
    fails="rnn_step_shape",
    hint="The state is computed in float32, which keeps seven digits of sixteen, and "
    "every later function inherits the loss. Leave the arrays as they come, float64.",
    matches=lambda calls: all(_is_single(call.result) for call in calls),
)
def step_single_precision(x_t, h_prev, W_xh, W_hh, b_h):
    """Saves digits."""
    arrays = (x_t, h_prev, W_xh, W_hh, b_h)
    x_t, h_prev, W_xh, W_hh, b_h = (a.astype(np.float32) for a in arrays)
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)


@style("rnn_step")
def step_loops(x_t, h_prev, W_xh, W_hh, b_h):
    N, H = h_prev.shape
    h_t = np.empty((N, H))
    for n in range(N):
        for j in range(H):
            a = b_h[j]
            for i in range(x_t.shape[1]):
                a += x_t[n, i] * W_xh[i, j]
            for i in range(H):
                a += h_prev[n, i] * W_hh[i, j]
            h_t[n, j] = np.tanh(a)
    return h_t


@style("rnn_step")
def step_einsum(x_t, h_prev, W_xh, W_hh, b_h):
    a_t = np.einsum("nd,dh->nh", x_t, W_xh) + np.einsum(
        "nk,kh->nh", h_prev, W_hh
    )
    return np.tanh(a_t + b_h[None, :])


@style("rnn_step")
def step_one_product(x_t, h_prev, W_xh, W_hh, b_h):
    both = np.concatenate([x_t, h_prev], axis=1)
    return np.tanh(both @ np.vstack([W_xh, W_hh]) + b_h)


@style("rnn_step")
def step_own_array_in_place(x_t, h_prev, W_xh, W_hh, b_h):
    a_t = np.matmul(x_t, W_xh)
    a_t += np.matmul(h_prev, W_hh)
    a_t += b_h
    return np.tanh(a_t, out=a_t)


@style("rnn_step")
def step_torch(x_t, h_prev, W_xh, W_hh, b_h):
    import torch

    x_t, h_prev, W_xh, W_hh, b_h = (
        torch.as_tensor(array) for array in (x_t, h_prev, W_xh, W_hh, b_h)
    )
    return torch.tanh(x_t @ W_xh + h_prev @ W_hh + b_h).numpy()


@style("rnn_step")
def step_columns(x_t, h_prev, W_xh, W_hh, b_h):
    a_t = W_xh.T @ x_t.T + W_hh.T @ h_prev.T + b_h[:, None]
    e = np.exp(-2 * np.abs(a_t))
    return (np.sign(a_t) * (1 - e) / (1 + e)).T


# ---- rnn_forward


@misconception(
    "rnn_forward",
    fails="rnn_forward_uses_h_0",
    hint="The first step starts from zeros, whatever h_0 is. Zeros are only one "
    "possible start; use the one that is given.",
)
def forward_forgets_h_0(x, h_0, W_xh, W_hh, b_h):
    """Starts from zeros."""
    h = np.zeros((x.shape[0], x.shape[1], h_0.shape[1]))
    h_t = np.zeros_like(h_0)
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h[:, t] = h_t
    return h


@misconception(
    "rnn_forward",
    fails=("rnn_forward_carries_state", "hello_states"),
    hint="Every step starts from h_0 again, so no step knows of the one before. Each "
    "step must get the state that the last one returned.",
)
def forward_always_from_h_0(x, h_0, W_xh, W_hh, b_h):
    """Never carries the state."""
    h = np.zeros((x.shape[0], x.shape[1], h_0.shape[1]))
    for t in range(x.shape[1]):
        h[:, t] = rnn_step(x[:, t], h_0, W_xh, W_hh, b_h)
    return h


@misconception(
    "rnn_forward",
    fails=("rnn_forward_first_step", "rnn_forward_carries_state"),
    hint="All states stand one place too late: the first is h_0 and the last is "
    "lost. Store the state after the step, not before it.",
)
def forward_state_before(x, h_0, W_xh, W_hh, b_h):
    """Stores the state before it is updated."""
    h = np.zeros((x.shape[0], x.shape[1], h_0.shape[1]))
    h_t = h_0
    for t in range(x.shape[1]):
        h[:, t] = h_t
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
    return h


@misconception(
    "rnn_forward",
    fails="rnn_forward_carries_state",
    hint="The sequence is read from its end to its start. A forward pass reads in the "
    "order of the steps.",
)
def forward_reversed(x, h_0, W_xh, W_hh, b_h):
    """Runs backwards."""
    h = np.zeros((x.shape[0], x.shape[1], h_0.shape[1]))
    h_t = h_0
    for t in reversed(range(x.shape[1])):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h[:, t] = h_t
    return h


@misconception(
    "rnn_forward",
    fails="rnn_forward_shape",
    hint="The states are kept in float32, though they come in float64: digits are lost "
    "that the next functions need. np.zeros makes float64 by itself.",
    matches=lambda calls: all(
        _is_single(call.result) for call in calls if call.name == "rnn_forward"
    ),
)
def forward_single_precision(x, h_0, W_xh, W_hh, b_h):
    """Keeps the states in float32."""
    h = np.zeros((x.shape[0], x.shape[1], h_0.shape[1]), dtype=np.float32)
    h_t = h_0
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h[:, t] = h_t
    return h


@misconception(
    "rnn_forward",
    fails="rnn_forward_shape",
    hint="Only the last state comes back. Keep the state of every step, along the axis "
    "T.",
)
def forward_last_only(x, h_0, W_xh, W_hh, b_h):
    """Returns the last state."""
    h_t = h_0
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
    return h_t


@misconception(
    "rnn_forward",
    fails="rnn_forward_shape",
    hint="The steps stand on the first axis, (T, N, H). Our arrays have the batch "
    "first, (N, T, H): say along which axis the states are stacked.",
)
def forward_time_first(x, h_0, W_xh, W_hh, b_h):
    """Stacks the states along the first axis."""
    states = []
    h_t = h_0
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states)


@misconception(
    "rnn_forward",
    fails="rnn_forward_shape",
    hint="The result has T + 1 states, since h_0 is among them. It holds the states "
    "after the T inputs only.",
)
def forward_with_h_0(x, h_0, W_xh, W_hh, b_h):
    """Keeps the start among the results."""
    states = [h_0]
    for t in range(x.shape[1]):
        states.append(rnn_step(x[:, t], states[-1], W_xh, W_hh, b_h))
    return np.stack(states, axis=1)


@misconception(
    "rnn_forward",
    fails=("rnn_forward_carries_state", "rnn_forward_keeps_inputs"),
    hint="All steps hold one and the same array, which each step overwrites (h_0 "
    "included). Let every step make a new one.",
)
def forward_same_array(x, h_0, W_xh, W_hh, b_h):
    """Collects the same array again and again."""
    states = []
    h_t = h_0
    for t in range(x.shape[1]):
        h_t[:] = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states, axis=1)


@misconception(
    "rnn_forward",
    fails=("rnn_forward_shape", "rnn_forward_batch"),
    hint="The loop runs over the first axis of x, which is the batch. The steps are "
    "the second axis.",
    exception=ValueError,
)
def forward_over_batch(x, h_0, W_xh, W_hh, b_h):
    """Takes the sequences for steps."""
    states = []
    h_t = h_0
    for x_t in x:
        h_t = rnn_step(x_t, h_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states, axis=1)


@misconception(
    "rnn_forward",
    fails="rnn_forward_batch",
    hint="The second sequence of the batch goes on from the last state of the first. "
    "Each has a start of its own, its row of h_0.",
)
def forward_over_rows(x, h_0, W_xh, W_hh, b_h):
    """Carries the state from one sequence into the next."""
    h = np.zeros((x.shape[0], x.shape[1], h_0.shape[1]))
    h_t = h_0[:1]
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            h_t = rnn_step(x[n : n + 1, t], h_t, W_xh, W_hh, b_h)
            h[n, t] = h_t[0]
    return h


@misconception(
    "rnn_forward",
    fails=("rnn_forward_first_step", "hello_states"),
    hint="What is stored is the sum before tanh. Store what rnn_step returns.",
)
def forward_pre_activations(x, h_0, W_xh, W_hh, b_h):
    """Stores the pre-activations."""
    a = np.zeros((x.shape[0], x.shape[1], h_0.shape[1]))
    h_t = h_0
    for t in range(x.shape[1]):
        a[:, t] = x[:, t] @ W_xh + h_t @ W_hh + b_h
        h_t = np.tanh(a[:, t])
    return a


@style("rnn_forward")
def forward_list(x, h_0, W_xh, W_hh, b_h):
    states, h_prev = [], h_0
    for t in range(x.shape[1]):
        h_prev = rnn_step(x[:, t], h_prev, W_xh, W_hh, b_h)
        states.append(h_prev)
    return np.stack(states, axis=1)


@style("rnn_forward")
def forward_loops(x, h_0, W_xh, W_hh, b_h):
    N, T, _ = x.shape
    h = np.empty((N, T, len(b_h)))
    for n in range(N):
        for t in range(T):
            previous = h_0[n] if t == 0 else h[n, t - 1]
            h[n, t] = np.tanh(x[n, t] @ W_xh + previous @ W_hh + b_h)
    return h


@style("rnn_forward")
def forward_inputs_at_once(x, h_0, W_xh, W_hh, b_h):
    h = np.einsum("ntd,dh->nth", x, W_xh) + b_h
    for t in range(x.shape[1]):
        h[:, t] += (h_0 if t == 0 else h[:, t - 1]) @ W_hh
        np.tanh(h[:, t], out=h[:, t])
    return h


@style("rnn_forward")
def forward_time_axis_moved(x, h_0, W_xh, W_hh, b_h):
    from itertools import accumulate

    steps = np.moveaxis(x, 1, 0)
    states = accumulate(
        steps, lambda h, x_t: rnn_step(x_t, h, W_xh, W_hh, b_h), initial=h_0
    )
    return np.array(list(states)[1:]).transpose(1, 0, 2)


@style("rnn_forward")
def forward_torch(x, h_0, W_xh, W_hh, b_h):
    import torch

    net = torch.nn.RNN(W_xh.shape[0], W_xh.shape[1], batch_first=True).double()
    with torch.no_grad():
        net.weight_ih_l0.copy_(torch.tensor(W_xh.T))
        net.weight_hh_l0.copy_(torch.tensor(W_hh.T))
        net.bias_ih_l0.copy_(torch.tensor(b_h))
        net.bias_hh_l0.zero_()
        h, _ = net(torch.tensor(x).double(), torch.tensor(h_0).double()[None])
    return h.numpy()


# ---- read_out


@misconception(
    "read_out",
    fails="read_out_bias",
    hint="The bias b_y is missing: every letter has a number of its own that is added "
    "to its score.",
)
def read_no_bias(h, W_hy, b_y):
    """Forgets the bias."""
    return h @ W_hy


@misconception(
    "read_out",
    fails=("read_out_every_step", "read_out_last_step"),
    hint="tanh squeezes the scores to between -1 and 1. Logits are the plain sum, "
    "without an activation.",
)
def read_tanh(h, W_hy, b_y):
    """Puts an activation on the output."""
    return np.tanh(h @ W_hy + b_y)


@misconception(
    "read_out",
    fails=("read_out_every_step", "read_out_last_step"),
    hint="These are probabilities already. The read-out returns the scores; softmax "
    "comes after it.",
)
def read_probabilities(h, W_hy, b_y):
    """Applies softmax, too."""
    logits = h @ W_hy + b_y
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@misconception(
    "read_out",
    fails="read_out_every_step",
    hint="Of all states only the last is read. Which states are read is the caller's "
    "choice: each state that comes in gets its logits.",
)
def read_last_only(h, W_hy, b_y):
    """Picks the last step itself."""
    if h.ndim == 3:
        h = h[:, -1]
    return h @ W_hy + b_y


@misconception(
    "read_out",
    fails="read_out_every_step",
    hint="The states are averaged over the steps before they are read. Each step gets "
    "logits of its own.",
)
def read_mean(h, W_hy, b_y):
    """Averages over time."""
    if h.ndim == 3:
        h = h.mean(axis=1)
    return h @ W_hy + b_y


@misconception(
    "read_out",
    fails="read_out_last_step",
    hint="This works for three axes (N, T, H) only. The states of a single step have "
    "two; is the number of axes needed at all?",
    exception=ValueError,
)
def read_three_axes_only(h, W_hy, b_y):
    """Insists on the axis T."""
    N, T, _ = h.shape
    logits = np.zeros((N, T, len(b_y)))
    for t in range(T):
        logits[:, t] = h[:, t] @ W_hy + b_y
    return logits


@style("read_out")
def read_einsum(h, W_hy, b_y):
    return np.einsum("...h,hv->...v", h, W_hy) + b_y


@style("read_out")
def read_flat_loops(h, W_hy, b_y):
    rows = []
    for state in h.reshape(-1, h.shape[-1]):
        rows.append([state @ W_hy[:, v] + b_y[v] for v in range(len(b_y))])
    return np.array(rows).reshape(*h.shape[:-1], len(b_y))


@style("read_out")
def read_own_array_in_place(h, W_hy, b_y):
    logits = np.dot(h, W_hy)
    logits += b_y
    return logits


@style("read_out")
def read_torch(h, W_hy, b_y):
    import torch

    weight, bias = torch.as_tensor(W_hy.T), torch.as_tensor(b_y)
    return torch.nn.functional.linear(torch.as_tensor(h), weight, bias).numpy()


# ---- softmax


@misconception(
    "softmax",
    fails=("softmax_sums_to_one", "softmax_last_axis"),
    hint="The sum runs over the first axis, so the sequences share one probability. It "
    "must run over the letters, the last axis.",
)
def softmax_first_axis(logits):
    """Normalises over the batch."""
    e = np.exp(logits - logits.max(axis=0))
    return e / e.sum(axis=0)


@misconception(
    "softmax",
    fails=("softmax_sums_to_one", "softmax_last_axis"),
    hint="The sum runs over the whole array: all numbers together add up to 1. Each "
    "row must do so by itself.",
)
def softmax_whole_array(logits):
    """Normalises over everything."""
    e = np.exp(logits - logits.max())
    return e / e.sum()


@misconception(
    "softmax",
    fails="softmax_large_logits",
    hint="The formula is right, but exp overflows for large logits, and for very "
    "negative ones the sum is 0. Shift each row first: it changes no probability.",
)
def softmax_overflows(logits):
    """Takes exp of the logits as they are."""
    e = np.exp(logits)
    return e / e.sum(axis=-1, keepdims=True)


@misconception(
    "softmax",
    fails="softmax_large_logits",
    hint="One shift serves the whole array, and a row far below the largest number "
    "becomes 0 / 0. Every row needs its own shift.",
)
def softmax_one_shift(logits):
    """Subtracts the maximum of the whole array."""
    e = np.exp(logits - logits.max())
    return e / e.sum(axis=-1, keepdims=True)


@misconception(
    "softmax",
    fails="softmax_large_logits",
    hint="Each row is shifted by its mean. One score far above the mean still "
    "overflows. By which number of the row does no exponent get above 0?",
)
def softmax_shifts_by_mean(logits):
    """Subtracts the mean of the row."""
    e = np.exp(logits - logits.mean(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@misconception(
    "softmax",
    fails="softmax_large_logits",
    hint="Clipping keeps exp from overflowing, but large logits become equal, and so "
    "do their probabilities. Shift the rows instead of cutting them.",
)
def softmax_clips(logits):
    """Cuts large logits off."""
    e = np.exp(np.clip(logits, -500, 500))
    return e / e.sum(axis=-1, keepdims=True)


@misconception(
    "softmax",
    fails="softmax_sums_to_one",
    hint="These are the exponentials; they don't add up to 1 yet. Each row has to be "
    "divided by its sum.",
)
def softmax_not_normalised(logits):
    """Forgets the denominator."""
    return np.exp(logits - logits.max(axis=-1, keepdims=True))


@misconception(
    "softmax",
    fails="softmax_values",
    hint="The logits themselves are divided by their sum. Take exp of each first; it "
    "makes them positive.",
)
def softmax_without_exp(logits):
    """Normalises the scores."""
    return logits / logits.sum(axis=-1, keepdims=True)


@misconception(
    "softmax",
    fails="softmax_last_axis",
    hint="The sums of the rows have lost an axis and don't line up with the rows any "
    "more. The argument keepdims of sum and max is there for this.",
    exception=ValueError,
)
def softmax_lost_axis(logits):
    """Broadcasts the sums along the wrong axis."""
    e = np.exp(logits - logits.max(axis=-1))
    return e / e.sum(axis=-1)


@misconception(
    "softmax",
    fails="softmax_keeps_inputs",
    hint="The logits of the caller are changed in place. Put the shifted logits into a "
    "new array.",
)
def softmax_in_place(logits):
    """Shifts the argument."""
    logits -= logits.max(axis=-1, keepdims=True)
    e = np.exp(logits)
    return e / e.sum(axis=-1, keepdims=True)


@style("softmax")
def softmax_torch(logits):
    import torch

    return torch.softmax(torch.as_tensor(logits), dim=-1).numpy()


@style("softmax")
def softmax_logarithm(logits):
    total = np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    return np.exp(logits - total)


@style("softmax")
def softmax_row_by_row(logits):
    result = np.empty(logits.shape)
    for place in np.ndindex(*logits.shape[:-1]):
        largest = max(logits[place])
        total = sum(np.exp(y - largest) for y in logits[place])
        for v, y in enumerate(logits[place]):
            result[(*place, v)] = np.exp(y - largest) / total
    return result


@style("softmax")
def softmax_own_array_in_place(logits):
    e = logits - np.max(logits, axis=-1)[..., None]
    np.exp(e, out=e)
    e /= np.einsum("...v->...", e)[..., np.newaxis]
    return e


@style("softmax")
def softmax_single_precision(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    e = np.exp(shifted.astype(np.float32))
    return e / e.sum(axis=-1, keepdims=True)


# ---- predict_next


@misconception(
    "predict_next",
    fails="predict_next_reads_all",
    hint="The probabilities come from the first state, after one letter. Read out the "
    "state after the last letter of the text.",
)
def predict_first_state(text, vocabulary, params):
    """Reads the first state."""
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h[:, 0], params["W_hy"], params["b_y"]))[0]
    return vocabulary[int(np.argmax(p))], p


@misconception(
    "predict_next",
    fails="predict_next_reads_all",
    hint="Only the last letter is read, from a state of zeros: the network has no "
    "memory of the letters before. Feed the whole text.",
)
def predict_last_letter(text, vocabulary, params):
    """Feeds the last letter only."""
    x = encode(text[-1], vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h[:, -1], params["W_hy"], params["b_y"]))[0]
    return vocabulary[int(np.argmax(p))], p


@misconception(
    "predict_next",
    fails="predict_next_probabilities",
    hint="These are the numbers of the notebook's own W_xh, W_hh and so on. A function "
    "works with what it is given: take the weights out of params.",
)
def predict_globals(text, vocabulary, params):
    """Uses the notebook's weights in place of its argument."""
    x = encode(text, vocabulary)
    h = rnn_forward(x, np.zeros((1, 3)), W_xh, W_hh, b_h)
    p = softmax(read_out(h[:, -1], W_hy, b_y))[0]
    return vocabulary[int(np.argmax(p))], p


@misconception(
    "predict_next",
    fails="hello_letter",
    hint="This is the least probable letter. Which function finds the place of the "
    "largest number?",
)
def predict_least_likely(text, vocabulary, params):
    """Takes the minimum."""
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h[:, -1], params["W_hy"], params["b_y"]))[0]
    return vocabulary[int(np.argmin(p))], p


@misconception(
    "predict_next",
    fails="predict_next_probabilities",
    hint="The letter is right, but what comes with it are the logits. Make "
    "probabilities of them before you return them.",
)
def predict_logits(text, vocabulary, params):
    """Forgets the softmax."""
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    logits = read_out(h[:, -1], params["W_hy"], params["b_y"])[0]
    return vocabulary[int(np.argmax(logits))], logits


@misconception(
    "predict_next",
    fails="predict_next_probabilities",
    hint="The probabilities still have the axis of the batch, (1, V). There is one "
    "text only: return its row.",
)
def predict_batch_axis(text, vocabulary, params):
    """Keeps the axis N."""
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h[:, -1], params["W_hy"], params["b_y"]))
    return vocabulary[int(np.argmax(p))], p


@misconception(
    "predict_next",
    fails="predict_next_probabilities",
    hint="The probabilities after every letter come back, (1, T, V). Asked for is one "
    "row: those after the last letter.",
)
def predict_all_steps(text, vocabulary, params):
    """Returns the probabilities of all steps."""
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h, params["W_hy"], params["b_y"]))
    return vocabulary[int(np.argmax(p[0, -1]))], p


@misconception(
    "predict_next",
    fails="hello_letter",
    hint="The first value is the number of the letter. Look the letter itself up in "
    "the vocabulary.",
)
def predict_index(text, vocabulary, params):
    """Returns the index."""
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h[:, -1], params["W_hy"], params["b_y"]))[0]
    return int(np.argmax(p)), p


@misconception(
    "predict_next",
    fails=("hello_letter", "predict_next_probabilities"),
    hint="The two results stand in the wrong order: the character comes first, then "
    "the probabilities.",
)
def predict_swapped(text, vocabulary, params):
    """Returns the two values the other way round."""
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h[:, -1], params["W_hy"], params["b_y"]))[0]
    return p, vocabulary[int(np.argmax(p))]


@misconception(
    "predict_next",
    fails="predict_next_vocabulary",
    hint="The letters are numbered in alphabetical order. Their numbers are their "
    "places in the list as it is given; don't sort it.",
)
def predict_sorts(text, vocabulary, params):
    """Sorts the vocabulary."""
    vocabulary = sorted(vocabulary)
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h[:, -1], params["W_hy"], params["b_y"]))[0]
    return vocabulary[int(np.argmax(p))], p


@style("predict_next")
def predict_step_by_step(text, vocabulary, params):
    h_t = np.zeros((1, params["W_hh"].shape[0]))
    for character in text:
        x_t = np.zeros((1, len(vocabulary)))
        x_t[0, vocabulary.index(character)] = 1
        h_t = rnn_step(x_t, h_t, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h_t, params["W_hy"], params["b_y"])).ravel()
    return max(zip(p, vocabulary, strict=True))[1], p


@style("predict_next")
def predict_reads_all_then_picks(text, vocabulary, params):
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, params["b_h"].size))
    weights = [params[name] for name in ("W_xh", "W_hh", "b_h")]
    p = softmax(
        read_out(rnn_forward(x, h_0, *weights), params["W_hy"], params["b_y"])
    )
    return vocabulary[p[0, -1].argmax()], p[0, -1]


@style("predict_next")
def predict_torch(text, vocabulary, params):
    import torch

    weights = {name: torch.as_tensor(array) for name, array in params.items()}
    h_t = torch.zeros(1, len(params["b_h"]), dtype=torch.float64)
    for character in text:
        row = weights["W_xh"][vocabulary.index(character)]
        h_t = torch.tanh(row + h_t @ weights["W_hh"] + weights["b_h"])
    p = torch.softmax(h_t @ weights["W_hy"] + weights["b_y"], dim=-1)[0]
    return vocabulary[int(p.argmax())], p


@style("predict_next")
def predict_single_precision(text, vocabulary, params):
    x = encode(text, vocabulary).astype(np.float32)
    h_0 = np.zeros((1, len(params["b_h"])), dtype=np.float32)
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    p = softmax(read_out(h[0, -1:], params["W_hy"], params["b_y"])[0])
    return vocabulary[int(np.argmax(p))], p.astype(np.float32)


# ---- deep_rnn_forward


@misconception(
    "deep_rnn_forward",
    fails="deep_values",
    hint="Every layer reads the letters. Only the first does; each other layer reads "
    "the states of the layer below.",
    exception=ValueError,
)
def deep_all_read_x(x, h_0, layers):
    """Feeds x to all layers."""
    for h_start, layer in zip(h_0, layers, strict=True):
        h = rnn_forward(x, h_start, layer["W_xh"], layer["W_hh"], layer["b_h"])
    return h


@misconception(
    "deep_rnn_forward",
    fails="deep_values",
    hint="All layers use the weights of the first. Weights are shared over time, not "
    "over layers: each layer has its own.",
    exception=ValueError,
)
def deep_first_weights(x, h_0, layers):
    """Uses the first layer's weights throughout."""
    layer = layers[0]
    for h_start in h_0:
        x = rnn_forward(x, h_start, layer["W_xh"], layer["W_hh"], layer["b_h"])
    return x


@misconception(
    "deep_rnn_forward",
    fails="deep_h_0",
    hint="All layers start from h_0[0]. Each layer has its own start.",
)
def deep_same_start(x, h_0, layers):
    """Starts all layers alike."""
    for layer in layers:
        x = rnn_forward(x, h_0[0], layer["W_xh"], layer["W_hh"], layer["b_h"])
    return x


@misconception(
    "deep_rnn_forward",
    fails="deep_h_0",
    hint="The layers start from zeros, whatever h_0 is. Use the start that is given "
    "for each of them.",
)
def deep_zero_start(x, h_0, layers):
    """Ignores h_0."""
    for layer in layers:
        h_start = np.zeros((x.shape[0], len(layer["b_h"])))
        x = rnn_forward(x, h_start, layer["W_xh"], layer["W_hh"], layer["b_h"])
    return x


@misconception(
    "deep_rnn_forward",
    fails="deep_values",
    hint="Each layer starts from the last state of the layer below. From there it "
    "gets its inputs; its start is in h_0.",
)
def deep_start_from_below(x, h_0, layers):
    """Hands the last state up as a start."""
    h_start = h_0[0]
    for layer in layers:
        x = rnn_forward(x, h_start, layer["W_xh"], layer["W_hh"], layer["b_h"])
        h_start = x[:, -1]
    return x


@misconception(
    "deep_rnn_forward",
    fails="deep_values",
    hint="Only the first layer has run. Does the return stand inside the loop?",
)
def deep_first_layer_only(x, h_0, layers):
    """Does what a return inside the loop does."""
    layer = layers[0]
    return rnn_forward(x, h_0[0], layer["W_xh"], layer["W_hh"], layer["b_h"])


@misconception(
    "deep_rnn_forward",
    fails="deep_shape",
    hint="The states of all layers come back, (L, N, T, H). Asked for are those of the "
    "last layer.",
)
def deep_all_layers(x, h_0, layers):
    """Returns all layers."""
    states = []
    for h_start, layer in zip(h_0, layers, strict=True):
        x = rnn_forward(x, h_start, layer["W_xh"], layer["W_hh"], layer["b_h"])
        states.append(x)
    return np.stack(states)


@misconception(
    "deep_rnn_forward",
    fails="deep_values",
    hint="The input of a layer is added to its states. The next layer reads the states "
    "alone.",
    exception=ValueError,
)
def deep_adds_input(x, h_0, layers):
    """Adds a residual connection."""
    for h_start, layer in zip(h_0, layers, strict=True):
        x = x + rnn_forward(
            x, h_start, layer["W_xh"], layer["W_hh"], layer["b_h"]
        )
    return x


@style("deep_rnn_forward")
def deep_counting(x, h_0, layers):
    h = x
    for number in range(len(layers)):
        weights = layers[number]
        h = rnn_forward(
            h, h_0[number], weights["W_xh"], weights["W_hh"], weights["b_h"]
        )
    return h


@style("deep_rnn_forward")
def deep_step_by_step(x, h_0, layers):
    states, h = list(h_0), np.empty((x.shape[0], x.shape[1], h_0.shape[-1]))
    for t in range(x.shape[1]):
        below = x[:, t]
        for number, layer in enumerate(layers):
            below = rnn_step(
                below,
                states[number],
                layer["W_xh"],
                layer["W_hh"],
                layer["b_h"],
            )
            states[number] = below
        h[:, t] = below
    return h


@style("deep_rnn_forward")
def deep_recursive(x, h_0, layers):
    if not layers:
        return x
    return deep_rnn_forward(
        rnn_forward(x, h_0[0], **layers[0]), h_0[1:], layers[1:]
    )


@style("deep_rnn_forward")
def deep_torch(x, h_0, layers):
    import torch

    h = torch.as_tensor(x)
    for start, layer in zip(h_0, layers, strict=True):
        W_xh, W_hh, b_h = (
            torch.as_tensor(layer[k]) for k in ("W_xh", "W_hh", "b_h")
        )
        states = [torch.as_tensor(start)]
        for t in range(h.shape[1]):
            states.append(torch.tanh(h[:, t] @ W_xh + states[-1] @ W_hh + b_h))
        h = torch.stack(states[1:], dim=1)
    return h


@style("deep_rnn_forward")
def deep_single_precision(x, h_0, layers):
    for h_start, layer in zip(h_0, layers, strict=True):
        weights = [
            layer[k].astype(np.float32) for k in ("W_xh", "W_hh", "b_h")
        ]
        x = rnn_forward(
            x.astype(np.float32), h_start.astype(np.float32), *weights
        )
    return x.astype(np.float32)
