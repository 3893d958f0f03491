"""What students get wrong in `bptt`, and what they get right in other ways."""

import numpy as np

from unrolled.assignment.catalogue import misconception, style


def _is_single(result):
    """Whether one of the arrays of a result is in float32."""
    parts = result if type(result) in (tuple, list) else [result]
    return any(str(getattr(p, "dtype", "")).endswith("float32") for p in parts)


# --- cross_entropy


@misconception(
    "cross_entropy",
    fails="cross_entropy_mean",
    hint="The loss is summed over the letters. It's a mean: divide by N and by T, "
    "and the gradient with it.",
)
def loss_summed(logits, targets):
    """Sums over N and T."""
    y = one_hot(targets, logits.shape[-1])
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(y * log_p).sum(), np.exp(log_p) - y


@misconception(
    "cross_entropy",
    fails="cross_entropy_mean",
    hint="The mean is taken over the batch only. A step is a letter, too: divide by "
    "T as well.",
)
def loss_mean_over_batch(logits, targets):
    """Divides by N only."""
    N, V = logits.shape[0], logits.shape[-1]
    y = one_hot(targets, V)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(y * log_p).sum() / N, (np.exp(log_p) - y) / N


@misconception(
    "cross_entropy",
    fails="cross_entropy_gradient",
    hint="The loss is a mean, but its gradient isn't divided: dlogits must be "
    "divided by N * T as well.",
)
def gradient_not_divided(logits, targets):
    """Forgets N * T in the gradient."""
    N, T, V = logits.shape
    y = one_hot(targets, V)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(y * log_p).sum() / (N * T), np.exp(log_p) - y


@misconception(
    "cross_entropy",
    fails="cross_entropy_gradient",
    hint="dlogits is the probabilities alone. Take away what should have been said: "
    "1 at the target.",
)
def gradient_without_target(logits, targets):
    """Forgets to take away y."""
    N, T, V = logits.shape
    y = one_hot(targets, V)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(y * log_p).sum() / (N * T), np.exp(log_p) / (N * T)


@misconception(
    "cross_entropy",
    fails="cross_entropy_gradient",
    hint="dlogits has the wrong sign: it's what was said minus what should have "
    "been said.",
)
def gradient_reversed(logits, targets):
    """y - p."""
    N, T, V = logits.shape
    y = one_hot(targets, V)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(y * log_p).sum() / (N * T), (y - np.exp(log_p)) / (N * T)


@misconception(
    "cross_entropy",
    fails="cross_entropy_large_logits",
    hint="A tiny probability is rounded to 0, and its logarithm is infinite. Take "
    "the logarithm in one piece, of logits from which the maximum is taken away.",
)
def loss_overflows(logits, targets):
    """The logarithm of a softmax."""
    N, T, V = logits.shape
    y = one_hot(targets, V)
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return -(y * np.log(p)).sum() / (N * T), (p - y) / (N * T)


@misconception(
    "cross_entropy",
    fails="cross_entropy_keeps_inputs",
    hint="The logits of the caller are changed. Make a new array instead of "
    "subtracting in place.",
)
def loss_in_place(logits, targets):
    """Subtracts the maximum in place."""
    N, T, V = logits.shape
    y = one_hot(targets, V)
    logits -= logits.max(axis=-1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return -(y * log_p).sum() / (N * T), (np.exp(log_p) - y) / (N * T)


@style("cross_entropy")
def loss_loops(logits, targets):
    N, T, V = logits.shape
    loss, dlogits = 0.0, np.zeros((N, T, V))
    for n in range(N):
        for t in range(T):
            row = logits[n, t] - max(logits[n, t])
            total = sum(np.exp(value) for value in row)
            loss -= (row[targets[n, t]] - np.log(total)) / (N * T)
            for v in range(V):
                dlogits[n, t, v] = np.exp(row[v]) / total / (N * T)
            dlogits[n, t, targets[n, t]] -= 1 / (N * T)
    return loss, dlogits


@style("cross_entropy")
def loss_indexed(logits, targets):
    N, T, V = logits.shape
    p = softmax(logits).reshape(N * T, V)
    flat = logits.reshape(N * T, V)
    top = flat.max(axis=1)
    log_sum = top + np.log(np.exp(flat - top[:, None]).sum(axis=1))
    rows, wanted = np.arange(N * T), targets.reshape(-1)
    loss = float((log_sum - flat[rows, wanted]).mean())
    p[rows, wanted] -= 1
    return loss, p.reshape(N, T, V) / (N * T)


@style("cross_entropy")
def loss_torch(logits, targets):
    import torch

    leaf = torch.tensor(logits, requires_grad=True)
    flat, wanted = leaf.reshape(-1, leaf.shape[-1]), torch.tensor(targets)
    loss = torch.nn.functional.cross_entropy(flat, wanted.reshape(-1))
    loss.backward()
    return loss.item(), leaf.grad.numpy()


# --- read_out_backward


@misconception(
    "read_out_backward",
    fails="read_out_db_y",
    hint="db_y is summed over the batch but averaged over the steps, or the other "
    "way round. The bias was added N * T times: add up all of them.",
)
def db_y_mean(dlogits, h, W_hy):
    """Averages over time."""
    dW_hy = np.einsum("nth,ntv->hv", h, dlogits)
    return dlogits @ W_hy.T, dW_hy, dlogits.sum(axis=0).mean(axis=0)


@misconception(
    "read_out_backward",
    fails="read_out_db_y",
    hint="db_y holds the last step only. The same bias was used at every step: add "
    "the steps up.",
)
def db_y_last_step(dlogits, h, W_hy):
    """Takes the last step for the bias."""
    dW_hy = np.einsum("nth,ntv->hv", h, dlogits)
    return dlogits @ W_hy.T, dW_hy, dlogits[:, -1].sum(axis=0)


@misconception(
    "read_out_backward",
    fails="read_out_dW_hy",
    hint="dW_hy holds the last step only. The same matrix was used at every step: "
    "add the steps up.",
)
def dW_hy_last_step(dlogits, h, W_hy):
    """Takes the last step for the matrix."""
    dW_hy = h[:, -1].T @ dlogits[:, -1]
    return dlogits @ W_hy.T, dW_hy, dlogits.sum(axis=(0, 1))


@misconception(
    "read_out_backward",
    fails="read_out_dW_hy",
    hint="dW_hy is transposed. A gradient has the shape of its parameter, (H, V).",
)
def dW_hy_transposed(dlogits, h, W_hy):
    """(V, H)."""
    dW_hy = np.einsum("ntv,nth->vh", dlogits, h)
    return dlogits @ W_hy.T, dW_hy, dlogits.sum(axis=(0, 1))


@misconception(
    "read_out_backward",
    fails="read_out_dW_hy",
    hint="dW_hy is divided by the number of letters. The mean is in dlogits "
    "already: here everything is only added up.",
)
def dW_hy_mean(dlogits, h, W_hy):
    """Divides by N * T once more."""
    letters = dlogits.shape[0] * dlogits.shape[1]
    dW_hy = np.einsum("nth,ntv->hv", h, dlogits) / letters
    return dlogits @ W_hy.T, dW_hy, dlogits.sum(axis=(0, 1))


@misconception(
    "read_out_backward",
    fails="read_out_dh",
    hint="dh is multiplied by tanh's slope here. Only the read-out lies between "
    "logits and h; tanh comes later.",
)
def dh_through_tanh(dlogits, h, W_hy):
    """Goes through tanh too early."""
    dh = dlogits @ W_hy.T * (1 - np.tanh(h) ** 2)
    return dh, np.einsum("nth,ntv->hv", h, dlogits), dlogits.sum(axis=(0, 1))


@style("read_out_backward")
def read_back_loops(dlogits, h, W_hy):
    dW_hy, dh = np.zeros(W_hy.shape), np.zeros(h.shape)
    for n in range(h.shape[0]):
        for t in range(h.shape[1]):
            dW_hy += np.outer(h[n, t], dlogits[n, t])
            dh[n, t] = W_hy @ dlogits[n, t]
    return dh, dW_hy, dlogits.sum(axis=0).sum(axis=0)


@style("read_out_backward")
def read_back_flat(dlogits, h, W_hy):
    flat = dlogits.reshape(-1, dlogits.shape[-1])
    dW_hy = h.reshape(-1, h.shape[-1]).T @ flat
    return (flat @ W_hy.T).reshape(h.shape), dW_hy, flat.sum(axis=0)


@style("read_out_backward")
def read_back_torch(dlogits, h, W_hy):
    import torch

    d, s, W = (torch.tensor(array) for array in (dlogits, h, W_hy))
    dW_hy = torch.einsum("nth,ntv->hv", s, d)
    grads = (d @ W.T, dW_hy, d.sum(dim=(0, 1)))
    return tuple(array.numpy() for array in grads)


# --- numeric_gradient


@misconception(
    "numeric_gradient",
    fails="numeric_central",
    hint="This is the one-sided difference, f(w + eps) - f(w). The central one looks "
    "to both sides and is far more exact.",
)
def slope_one_sided(f, w, eps=1e-5):
    """Looks to one side."""
    slope = np.zeros(w.shape)
    for index in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[index] = eps
        slope[index] = (f(w + nudge) - f(w)) / eps
    return slope


@misconception(
    "numeric_gradient",
    fails="numeric_values",
    hint="The slope is twice too large. Between w - eps and w + eps lie two eps.",
)
def slope_doubled(f, w, eps=1e-5):
    """Divides by eps."""
    slope = np.zeros(w.shape)
    for index in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[index] = eps
        slope[index] = (f(w + nudge) - f(w - nudge)) / eps
    return slope


@misconception(
    "numeric_gradient",
    fails="numeric_values",
    hint="All numbers of w are moved at once, so every slope is the same sum. Move "
    "one number at a time.",
)
def slope_all_at_once(f, w, eps=1e-5):
    """Moves everything."""
    return np.full(w.shape, (f(w + eps) - f(w - eps)) / (2 * eps))


@misconception(
    "numeric_gradient",
    fails="numeric_keeps_w",
    hint="w is changed in place and not put back exactly: adding eps and taking it "
    "away again leaves a rounding error. Keep the old number, or work on a copy.",
)
def slope_not_restored(f, w, eps=1e-5):
    """Moves w to and fro."""
    slope = np.zeros(w.shape)
    for index in np.ndindex(w.shape):
        w[index] += eps
        above = f(w)
        w[index] -= 2 * eps
        slope[index] = (above - f(w)) / (2 * eps)
        w[index] += eps
    return slope


@misconception(
    "numeric_gradient",
    fails="numeric_shape",
    hint="The slopes come back flat. Give them the shape of w.",
)
def slope_flat(f, w, eps=1e-5):
    """Forgets the shape."""
    slope = []
    for index in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[index] = eps
        slope.append((f(w + nudge) - f(w - nudge)) / (2 * eps))
    return np.array(slope)


@style("numeric_gradient")
def slope_in_place_restored(f, w, eps=1e-5):
    w = np.array(w, dtype=float)
    slope = np.empty_like(w)
    for index in np.ndindex(*w.shape):
        kept = w[index]
        w[index] = kept + eps
        above = f(w)
        w[index] = kept - eps
        slope[index] = (above - f(w)) / (2 * eps)
        w[index] = kept
    return slope


@style("numeric_gradient")
def slope_flat_loop(f, w, eps=1e-5):
    slope = np.zeros(w.size)
    for i in range(w.size):
        nudge = (np.arange(w.size) == i).reshape(w.shape) * eps
        slope[i] = (f(w + nudge) - f(w - nudge)) / (2 * eps)
    return slope.reshape(w.shape)


@style("numeric_gradient")
def slope_comprehension(f, w, eps=1e-5):
    nudges = eps * np.eye(w.size).reshape(w.size, *w.shape)
    slopes = [(f(w + n) - f(w - n)) / (2 * eps) for n in nudges]
    return np.array(slopes).reshape(w.shape)


# --- rnn_step_backward


@misconception(
    "rnn_step_backward",
    fails=("step_dx", "step_dW_hh"),
    hint="The error isn't taken through tanh: multiply dh_t by the slope, 1 - h_t "
    "squared, before anything else.",
)
def back_without_tanh(dh_t, cache_t):
    """Skips tanh."""
    c = cache_t
    dW_xh, dW_hh = c["x_t"].T @ dh_t, c["h_prev"].T @ dh_t
    return (
        dh_t @ c["W_xh"].T,
        dh_t @ c["W_hh"].T,
        dW_xh,
        dW_hh,
        dh_t.sum(axis=0),
    )


@misconception(
    "rnn_step_backward",
    fails="step_dx",
    hint="The slope of tanh is taken at h_t, as 1 - tanh(h_t) squared. But h_t is "
    "tanh(a_t) already.",
)
def back_tanh_twice(dh_t, cache_t):
    """tanh of h_t."""
    c = cache_t
    da_t = dh_t * (1 - np.tanh(c["h_t"]) ** 2)
    dW_xh, dW_hh = c["x_t"].T @ da_t, c["h_prev"].T @ da_t
    return (
        da_t @ c["W_xh"].T,
        da_t @ c["W_hh"].T,
        dW_xh,
        dW_hh,
        da_t.sum(axis=0),
    )


@misconception(
    "rnn_step_backward",
    fails="step_dx",
    hint="The slope is h_t * (1 - h_t): that's the sigmoid's. The slope of tanh is "
    "1 - h_t squared.",
)
def back_sigmoid_slope(dh_t, cache_t):
    """The slope of the sigmoid."""
    c = cache_t
    da_t = dh_t * c["h_t"] * (1 - c["h_t"])
    dW_xh, dW_hh = c["x_t"].T @ da_t, c["h_prev"].T @ da_t
    return (
        da_t @ c["W_xh"].T,
        da_t @ c["W_hh"].T,
        dW_xh,
        dW_hh,
        da_t.sum(axis=0),
    )


@misconception(
    "rnn_step_backward",
    fails="step_dh_prev",
    hint="dh_prev goes through W_hh in the forward direction. Backward it's the "
    "transpose; with a square matrix the shapes don't warn you.",
)
def back_not_transposed(dh_t, cache_t):
    """W_hh instead of its transpose."""
    c = cache_t
    da_t = dh_t * (1 - c["h_t"] ** 2)
    dW_xh, dW_hh = c["x_t"].T @ da_t, c["h_prev"].T @ da_t
    return da_t @ c["W_xh"].T, da_t @ c["W_hh"], dW_xh, dW_hh, da_t.sum(axis=0)


@misconception(
    "rnn_step_backward",
    fails="step_dW_hh",
    hint="dW_hh is made with h_t. What went into W_hh was the state before the step, "
    "h_prev.",
)
def back_wrong_state(dh_t, cache_t):
    """h_t instead of h_prev."""
    c = cache_t
    da_t = dh_t * (1 - c["h_t"] ** 2)
    dW_xh, dW_hh = c["x_t"].T @ da_t, c["h_t"].T @ da_t
    return (
        da_t @ c["W_xh"].T,
        da_t @ c["W_hh"].T,
        dW_xh,
        dW_hh,
        da_t.sum(axis=0),
    )


@misconception(
    "rnn_step_backward",
    fails="step_dW_hh",
    hint="dW_hh is transposed: da_t and h_prev are swapped. It's the input of the "
    "product, transposed, times da_t.",
)
def back_dW_hh_transposed(dh_t, cache_t):
    """da_t.T @ h_prev."""
    c = cache_t
    da_t = dh_t * (1 - c["h_t"] ** 2)
    dW_xh, dW_hh = c["x_t"].T @ da_t, da_t.T @ c["h_prev"]
    return (
        da_t @ c["W_xh"].T,
        da_t @ c["W_hh"].T,
        dW_xh,
        dW_hh,
        da_t.sum(axis=0),
    )


@misconception(
    "rnn_step_backward",
    fails="step_db_h",
    hint="db_h still has the batch axis. One bias serves all sequences: add them up.",
)
def back_bias_per_sequence(dh_t, cache_t):
    """(N, H) for the bias."""
    c = cache_t
    da_t = dh_t * (1 - c["h_t"] ** 2)
    dW_xh, dW_hh = c["x_t"].T @ da_t, c["h_prev"].T @ da_t
    return da_t @ c["W_xh"].T, da_t @ c["W_hh"].T, dW_xh, dW_hh, da_t


@misconception(
    "rnn_step_backward",
    fails="step_db_h",
    hint="db_h is averaged over the batch. The mean is in the loss already: add up.",
)
def back_bias_mean(dh_t, cache_t):
    """The mean over the batch."""
    c = cache_t
    da_t = dh_t * (1 - c["h_t"] ** 2)
    dW_xh, dW_hh = c["x_t"].T @ da_t, c["h_prev"].T @ da_t
    return (
        da_t @ c["W_xh"].T,
        da_t @ c["W_hh"].T,
        dW_xh,
        dW_hh,
        da_t.mean(axis=0),
    )


@misconception(
    "rnn_step_backward",
    fails="step_db_h",
    hint="The gradients are computed in float32, which keeps seven digits of sixteen; "
    "added up over many steps, the loss grows. Leave the arrays in float64.",
    matches=lambda calls: all(_is_single(call.result) for call in calls),
)
def back_single_precision(dh_t, cache_t):
    """Saves digits."""
    c = {name: array.astype(np.float32) for name, array in cache_t.items()}
    da_t = dh_t.astype(np.float32) * (1 - c["h_t"] ** 2)
    dW_xh, dW_hh = c["x_t"].T @ da_t, c["h_prev"].T @ da_t
    db_h = da_t.sum(axis=0)
    return da_t @ c["W_xh"].T, da_t @ c["W_hh"].T, dW_xh, dW_hh, db_h


@style("rnn_step_backward")
def back_loops(dh_t, cache_t):
    x_t, h_prev, h_t = (cache_t[name] for name in ("x_t", "h_prev", "h_t"))
    dW_xh, dW_hh = (
        np.zeros_like(cache_t["W_xh"]),
        np.zeros_like(cache_t["W_hh"]),
    )
    dx_t, dh_prev = np.zeros(x_t.shape), np.zeros(h_prev.shape)
    db_h = np.zeros(h_t.shape[1])
    for n in range(h_t.shape[0]):
        da = dh_t[n] * (1 - h_t[n] ** 2)
        dx_t[n], dh_prev[n] = cache_t["W_xh"] @ da, cache_t["W_hh"] @ da
        dW_xh, dW_hh = (
            dW_xh + np.outer(x_t[n], da),
            dW_hh + np.outer(h_prev[n], da),
        )
        db_h += da
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


@style("rnn_step_backward")
def back_einsum(dh_t, cache_t):
    da_t = np.einsum("nh,nh->nh", dh_t, 1 - np.square(cache_t["h_t"]))
    dx_t = np.einsum("nh,dh->nd", da_t, cache_t["W_xh"])
    dh_prev = np.einsum("nj,ij->ni", da_t, cache_t["W_hh"])
    dW_xh = np.einsum("nd,nh->dh", cache_t["x_t"], da_t)
    dW_hh = np.einsum("ni,nj->ij", cache_t["h_prev"], da_t)
    return [dx_t, dh_prev, dW_xh, dW_hh, np.einsum("nh->h", da_t)]


@style("rnn_step_backward")
def back_torch(dh_t, cache_t):
    import torch

    c = {name: torch.as_tensor(array) for name, array in cache_t.items()}
    da_t = torch.as_tensor(dh_t) * (1 - c["h_t"] ** 2)
    grads = (c["x_t"].T @ da_t, c["h_prev"].T @ da_t, da_t.sum(dim=0))
    back = (da_t @ c["W_xh"].T, da_t @ c["W_hh"].T)
    return tuple(array.numpy() for array in back + grads)


# --- rnn_backward


@misconception(
    "rnn_backward",
    fails="bptt_dW_hh",
    hint="The weights get the gradient of one step only, the last one that was "
    "visited. They were used in every step: add the steps up.",
)
def through_overwrites(dh, cache):
    """Assigns instead of adding."""
    dx, later = np.zeros(cache["x"].shape), np.zeros(cache["h_0"].shape)
    for t in reversed(range(dh.shape[1])):
        step = rnn_step_backward(dh[:, t] + later, step_of(cache, t))
        dx[:, t], later = step[0], step[1]
    return dx, later, *step[2:]


@misconception(
    "rnn_backward",
    fails="bptt_dx",
    hint="The error from the later steps is forgotten. A state is used twice: add "
    "what the next step hands back to what comes from the output.",
)
def through_forgets_later(dh, cache):
    """Each step on its own."""
    steps = [
        rnn_step_backward(dh[:, t], step_of(cache, t))
        for t in range(dh.shape[1])
    ]
    dx = np.stack([s[0] for s in steps], axis=1)
    return dx, steps[0][1], *(sum(s[i] for s in steps) for i in (2, 3, 4))


@misconception(
    "rnn_backward",
    fails="bptt_dx",
    hint="The loop runs forward. The error comes from the end: begin at the last "
    "step.",
)
def through_forward(dh, cache):
    """From first to last."""
    dx, later = np.zeros(cache["x"].shape), np.zeros(cache["h_0"].shape)
    sums = [np.zeros(cache["W_xh"].shape), np.zeros(cache["W_hh"].shape)]
    sums.append(np.zeros(cache["W_hh"].shape[0]))
    for t in range(dh.shape[1]):
        step = rnn_step_backward(dh[:, t] + later, step_of(cache, t))
        dx[:, t], later = step[0], step[1]
        sums = [a + b for a, b in zip(sums, step[2:], strict=True)]
    return dx, later, *sums


@misconception(
    "rnn_backward",
    fails="bptt_dW_hh",
    hint="The gradients of the weights are averaged over the steps. They are added "
    "up: the mean of the loss is in dh already.",
)
def through_mean(dh, cache):
    """Divides by T."""
    dx, later = np.zeros(cache["x"].shape), np.zeros(cache["h_0"].shape)
    sums = [np.zeros(cache["W_xh"].shape), np.zeros(cache["W_hh"].shape)]
    sums.append(np.zeros(cache["W_hh"].shape[0]))
    for t in reversed(range(dh.shape[1])):
        step = rnn_step_backward(dh[:, t] + later, step_of(cache, t))
        dx[:, t], later = step[0], step[1]
        sums = [
            a + b / dh.shape[1] for a, b in zip(sums, step[2:], strict=True)
        ]
    return dx, later, *sums


@misconception(
    "rnn_backward",
    fails="bptt_dh_0",
    hint="dh_0 is the whole error at the first state. One step further back, through "
    "the first step itself, is what arrives at h_0.",
)
def through_first_state(dh, cache):
    """dh of h_1 in place of dh_0."""
    dx, later = np.zeros(cache["x"].shape), np.zeros(cache["h_0"].shape)
    sums = [np.zeros(cache["W_xh"].shape), np.zeros(cache["W_hh"].shape)]
    sums.append(np.zeros(cache["W_hh"].shape[0]))
    for t in reversed(range(dh.shape[1])):
        here = dh[:, t] + later
        step = rnn_step_backward(here, step_of(cache, t))
        dx[:, t], later = step[0], step[1]
        sums = [a + b for a, b in zip(sums, step[2:], strict=True)]
    return dx, here, *sums


@misconception(
    "rnn_backward",
    fails="bptt_dx",
    hint="Only the last step's error is used. Every output has one: add dh of each "
    "step on the way.",
)
def through_last_error_only(dh, cache):
    """Ignores the errors of the earlier outputs."""
    dx, later = np.zeros(cache["x"].shape), dh[:, -1]
    sums = [np.zeros(cache["W_xh"].shape), np.zeros(cache["W_hh"].shape)]
    sums.append(np.zeros(cache["W_hh"].shape[0]))
    for t in reversed(range(dh.shape[1])):
        step = rnn_step_backward(later, step_of(cache, t))
        dx[:, t], later = step[0], step[1]
        sums = [a + b for a, b in zip(sums, step[2:], strict=True)]
    return dx, later, *sums


@misconception(
    "rnn_backward",
    fails=("bptt_dW_hh", "bptt_dW_xh_db_h"),
    hint="Large gradients are cut off at 5. Cutting may help a training along, but then "
    "they are gradients no more; the backward pass hands on what it finds.",
)
def through_clipped(dh, cache):
    """Clips the gradients of the parameters, as a well-known script does."""
    dx, later = np.zeros(cache["x"].shape), np.zeros(cache["h_0"].shape)
    sums = [0.0, 0.0, 0.0]
    for t in reversed(range(dh.shape[1])):
        step = rnn_step_backward(dh[:, t] + later, step_of(cache, t))
        dx[:, t], later = step[0], step[1]
        sums = [a + b for a, b in zip(sums, step[2:], strict=True)]
    return dx, later, *(np.clip(array, -5, 5) for array in sums)


@misconception(
    "rnn_backward",
    fails=("bptt_dx", "bptt_dh_0", "bptt_dW_hh", "bptt_dW_xh_db_h"),
    hint="All results are cut off at 5. The backward pass hands on what it finds, "
    "however large it is.",
)
def through_all_clipped(dh, cache):
    """Clips everything."""
    dx, later = np.zeros(cache["x"].shape), np.zeros(cache["h_0"].shape)
    sums = [0.0, 0.0, 0.0]
    for t in reversed(range(dh.shape[1])):
        step = rnn_step_backward(dh[:, t] + later, step_of(cache, t))
        dx[:, t], later = step[0], step[1]
        sums = [a + b for a, b in zip(sums, step[2:], strict=True)]
    return tuple(np.clip(a, -5, 5) for a in (dx, later, *sums))


@style("rnn_backward")
def through_lists(dh, cache):
    steps, error = [], 0.0
    for t in range(dh.shape[1] - 1, -1, -1):
        steps.append(rnn_step_backward(dh[:, t] + error, step_of(cache, t)))
        error = steps[-1][1]
    dx = np.stack([step[0] for step in steps[::-1]], axis=1)
    return dx, error, *(sum(step[i] for step in steps) for i in (2, 3, 4))


@style("rnn_backward")
def through_on_its_own(dh, cache):
    T, h, da = dh.shape[1], cache["h"], np.zeros(dh.shape)
    before = np.concatenate([cache["h_0"][:, None], h[:, :-1]], axis=1)
    back = np.zeros(cache["h_0"].shape)
    for t in reversed(range(T)):
        da[:, t] = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        back = np.einsum("nj,ij->ni", da[:, t], cache["W_hh"])
    dW_xh = np.einsum("ntd,nth->dh", cache["x"], da)
    dW_hh = np.einsum("nti,ntj->ij", before, da)
    return da @ cache["W_xh"].T, back, dW_xh, dW_hh, da.sum(axis=(0, 1))


@style("rnn_backward")
def through_recursion(dh, cache):
    def back(t, error):
        step = list(rnn_step_backward(dh[:, t] + error, step_of(cache, t)))
        step[0] = step[0][:, None]
        if t == 0:
            return step
        rest = back(t - 1, step[1])
        dx = np.concatenate([rest[0], step[0]], axis=1)
        sums = [a + b for a, b in zip(rest[2:], step[2:], strict=True)]
        return [dx, rest[1], *sums]

    return tuple(back(dh.shape[1] - 1, np.zeros(cache["h_0"].shape)))


# --- truncated_backward


@misconception(
    "truncated_backward",
    fails="truncated_pieces",
    hint="Only the last k steps get a gradient. The earlier pieces have outputs and "
    "errors of their own: walk back through every piece.",
)
def cut_last_piece_only(dh, cache, k):
    """Drops the earlier pieces."""
    start = max(0, dh.shape[1] - k)
    h_0 = cache["h"][:, start - 1] if start > 0 else cache["h_0"]
    piece = cache | {"x": cache["x"][:, start:], "h": cache["h"][:, start:]}
    found = rnn_backward(dh[:, start:], piece | {"h_0": h_0})
    dx = np.zeros(cache["x"].shape)
    dx[:, start:] = found[0]
    dh_0 = found[1] if start == 0 else np.zeros(cache["h_0"].shape)
    return dx, dh_0, *found[2:]


@misconception(
    "truncated_backward",
    fails=("truncated_pieces", "truncated_every_step"),
    hint="Every piece starts from h_0, or from nothing. The state runs on over the "
    "cuts: a piece starts from the state before its first step.",
)
def cut_state_too(dh, cache, k):
    """Starts each piece from h_0."""
    pieces = []
    for start in range(0, dh.shape[1], k):
        part = slice(start, start + k)
        piece = cache | {"x": cache["x"][:, part], "h": cache["h"][:, part]}
        pieces.append(rnn_backward(dh[:, part], piece))
    dx = np.concatenate([p[0] for p in pieces], axis=1)
    return dx, pieces[0][1], *(sum(p[i] for p in pieces) for i in (2, 3, 4))


@misconception(
    "truncated_backward",
    fails="truncated_pieces",
    hint="The gradients of the weights are those of one piece. All pieces share the "
    "weights: add the pieces up.",
)
def cut_without_sum(dh, cache, k):
    """Keeps the last piece's weight gradients."""
    pieces = []
    for start in range(0, dh.shape[1], k):
        part = slice(start, start + k)
        h_0 = cache["h"][:, start - 1] if start > 0 else cache["h_0"]
        piece = cache | {"x": cache["x"][:, part], "h": cache["h"][:, part]}
        pieces.append(rnn_backward(dh[:, part], piece | {"h_0": h_0}))
    dx = np.concatenate([p[0] for p in pieces], axis=1)
    return dx, pieces[0][1], *pieces[-1][2:]


@misconception(
    "truncated_backward",
    fails="truncated_pieces",
    hint="The pieces are counted from the end, so the short one comes first. Count "
    "them from the start.",
)
def cut_from_the_end(dh, cache, k):
    """A short piece at the start."""
    T = dh.shape[1]
    starts = [s for s in range(T % k - k, T, k) if s + k > 0]
    pieces = []
    for s in starts:
        start, end = max(s, 0), s + k
        h_0 = cache["h"][:, start - 1] if start > 0 else cache["h_0"]
        piece = cache | {
            "x": cache["x"][:, start:end],
            "h": cache["h"][:, start:end],
        }
        pieces.append(rnn_backward(dh[:, start:end], piece | {"h_0": h_0}))
    dx = np.concatenate([p[0] for p in pieces], axis=1)
    return dx, pieces[0][1], *(sum(p[i] for p in pieces) for i in (2, 3, 4))


@misconception(
    "truncated_backward",
    fails="truncated_pieces",
    hint="Nothing is cut: this is the full gradient, whatever k is. The error must "
    "not be handed from a piece to the one before.",
)
def cut_nothing(dh, cache, k):
    """Ignores k."""
    return rnn_backward(dh, cache)


@misconception(
    "truncated_backward",
    fails="truncated_pieces",
    hint="dh_0 comes from the last piece. h_0 stands before the first step, so its "
    "gradient comes from the first piece.",
)
def cut_wrong_dh_0(dh, cache, k):
    """dh_0 of the last piece."""
    pieces = []
    for start in range(0, dh.shape[1], k):
        part = slice(start, start + k)
        h_0 = cache["h"][:, start - 1] if start > 0 else cache["h_0"]
        piece = cache | {"x": cache["x"][:, part], "h": cache["h"][:, part]}
        pieces.append(rnn_backward(dh[:, part], piece | {"h_0": h_0}))
    dx = np.concatenate([p[0] for p in pieces], axis=1)
    return dx, pieces[-1][1], *(sum(p[i] for p in pieces) for i in (2, 3, 4))


@style("truncated_backward")
def cut_in_one_loop(dh, cache, k):
    dx, error = np.zeros(cache["x"].shape), np.zeros(cache["h_0"].shape)
    sums = [np.zeros(cache["W_xh"].shape), np.zeros(cache["W_hh"].shape)]
    sums.append(np.zeros(cache["h_0"].shape[1]))
    for t in reversed(range(dh.shape[1])):
        if (t + 1) % k == 0:
            error = np.zeros(cache["h_0"].shape)
        step = rnn_step_backward(dh[:, t] + error, step_of(cache, t))
        dx[:, t], error = step[0], step[1]
        sums = [a + b for a, b in zip(sums, step[2:], strict=True)]
    return dx, error, *sums


@style("truncated_backward")
def cut_in_place(dh, cache, k):
    T = dh.shape[1]
    dx = np.empty(cache["x"].shape)
    total = [np.zeros_like(cache["W_xh"]), np.zeros_like(cache["W_hh"])]
    total.append(np.zeros(cache["h_0"].shape[1]))
    for start in reversed(range(0, T, k)):
        end = min(start + k, T)
        piece = dict(
            cache, x=cache["x"][:, start:end], h=cache["h"][:, start:end]
        )
        if start:
            piece["h_0"] = cache["h"][:, start - 1]
        dx[:, start:end], dh_0, *grads = rnn_backward(dh[:, start:end], piece)
        for sum_, grad in zip(total, grads, strict=True):
            sum_ += grad
    return dx, dh_0, *total


@style("truncated_backward")
def cut_recursive(dh, cache, k):
    head = cache | {"x": cache["x"][:, :k], "h": cache["h"][:, :k]}
    first = rnn_backward(dh[:, :k], head)
    if dh.shape[1] <= k:
        return first
    tail = {"x": cache["x"][:, k:], "h": cache["h"][:, k:]}
    tail["h_0"] = cache["h"][:, k - 1]
    rest = truncated_backward(dh[:, k:], cache | tail, k)
    sums = [a + b for a, b in zip(first[2:], rest[2:], strict=True)]
    return np.concatenate([first[0], rest[0]], axis=1), first[1], *sums


# --- sgd_step


@misconception(
    "sgd_step",
    fails="sgd_values",
    hint="This goes uphill: the gradient is added. Go against it.",
)
def sgd_uphill(params, grads, learning_rate):
    """Adds."""
    return {n: params[n] + learning_rate * grads[n] for n in params}


@misconception(
    "sgd_step",
    fails="sgd_values",
    hint="The learning rate is missing: the step is the whole gradient.",
)
def sgd_without_rate(params, grads, learning_rate):
    """A learning rate of 1."""
    return {n: params[n] - grads[n] for n in params}


@misconception(
    "sgd_step",
    fails="sgd_values",
    hint="Only the weight matrices move. The biases are parameters, too.",
)
def sgd_only_matrices(params, grads, learning_rate):
    """Leaves the biases alone."""
    return {
        n: params[n] - learning_rate * grads[n] * (params[n].ndim > 1)
        for n in params
    }


@misconception(
    "sgd_step",
    fails="sgd_keeps_params",
    hint="The old parameters are changed: -= writes into the array of the caller. "
    "Make new arrays.",
)
def sgd_in_place(params, grads, learning_rate):
    """-= on the arrays of the caller."""
    for name in params:
        params[name] -= learning_rate * grads[name]
    return params


@style("sgd_step")
def sgd_loop(params, grads, learning_rate):
    new = {}
    for name, array in params.items():
        new[name] = array.copy()
        new[name] -= learning_rate * grads[name]
    return new


@style("sgd_step")
def sgd_zip(params, grads, learning_rate):
    pairs = zip(params.items(), (grads[name] for name in params), strict=True)
    return {n: np.subtract(a, learning_rate * g) for (n, a), g in pairs}


@style("sgd_step")
def sgd_copied(params, grads, learning_rate):
    import copy

    new = copy.deepcopy(params)
    for name in new:
        new[name] += -learning_rate * grads[name]
    return new


# --- train


@misconception(
    "train",
    fails="train_losses",
    hint="Every step starts again from the first parameters, so nothing is learned "
    "after the first one. Go on from the updated ones.",
)
def train_starts_again(ids, params, steps, learning_rate):
    """Never keeps the update."""
    x = one_hot([ids[:-1]], params["b_y"].size)
    targets, losses = np.array([ids[1:]]), []
    for _ in range(steps):
        logits, h, cache = run(x, params)
        loss, dlogits = cross_entropy(logits, targets)
        dh, dW_hy, db_y = read_out_backward(dlogits, h, params["W_hy"])
        _, _, dW_xh, dW_hh, db_h = rnn_backward(dh, cache)
        grads = {"W_xh": dW_xh, "W_hh": dW_hh, "b_h": db_h}
        new = sgd_step(
            params, grads | {"W_hy": dW_hy, "b_y": db_y}, learning_rate
        )
        losses.append(loss)
    return new, losses


@misconception(
    "train",
    fails="train_losses",
    hint="Each loss is measured after its update. Keep the loss that led to the "
    "gradient, before the parameters move.",
)
def train_losses_after(ids, params, steps, learning_rate):
    """The loss after the update."""
    x = one_hot([ids[:-1]], params["b_y"].size)
    targets, losses = np.array([ids[1:]]), []
    for _ in range(steps):
        logits, h, cache = run(x, params)
        _, dlogits = cross_entropy(logits, targets)
        dh, dW_hy, db_y = read_out_backward(dlogits, h, params["W_hy"])
        _, _, dW_xh, dW_hh, db_h = rnn_backward(dh, cache)
        grads = {"W_xh": dW_xh, "W_hh": dW_hh, "b_h": db_h}
        params = sgd_step(
            params, grads | {"W_hy": dW_hy, "b_y": db_y}, learning_rate
        )
        losses.append(cross_entropy(run(x, params)[0], targets)[0])
    return params, losses


@misconception(
    "train",
    fails="train_losses",
    hint="Only the read-out learns: the gradients of W_xh, W_hh and b_h are missing "
    "in what is handed to the update.",
)
def train_read_out_only(ids, params, steps, learning_rate):
    """Trains W_hy and b_y alone."""
    x = one_hot([ids[:-1]], params["b_y"].size)
    targets, losses = np.array([ids[1:]]), []
    for _ in range(steps):
        logits, h, _ = run(x, params)
        loss, dlogits = cross_entropy(logits, targets)
        _, dW_hy, db_y = read_out_backward(dlogits, h, params["W_hy"])
        new = {
            "W_hy": params["W_hy"] - learning_rate * dW_hy,
            "b_y": params["b_y"] - learning_rate * db_y,
        }
        params = params | new
        losses.append(loss)
    return params, losses


@misconception(
    "train",
    fails="train_losses",
    hint="The targets are the letters that are read themselves. At each step the "
    "network should say the next letter.",
)
def train_not_shifted(ids, params, steps, learning_rate):
    """Learns to repeat."""
    x = one_hot([ids[:-1]], params["b_y"].size)
    targets, losses = np.array([ids[:-1]]), []
    for _ in range(steps):
        logits, h, cache = run(x, params)
        loss, dlogits = cross_entropy(logits, targets)
        dh, dW_hy, db_y = read_out_backward(dlogits, h, params["W_hy"])
        _, _, dW_xh, dW_hh, db_h = rnn_backward(dh, cache)
        grads = {"W_xh": dW_xh, "W_hh": dW_hh, "b_h": db_h}
        params = sgd_step(
            params, grads | {"W_hy": dW_hy, "b_y": db_y}, learning_rate
        )
        losses.append(loss)
    return params, losses


@misconception(
    "train",
    fails="train_losses",
    hint="Only the last loss comes back. Collect the loss of every step in a list.",
)
def train_last_loss(ids, params, steps, learning_rate):
    """One number for the losses."""
    x = one_hot([ids[:-1]], params["b_y"].size)
    targets = np.array([ids[1:]])
    for _ in range(steps):
        logits, h, cache = run(x, params)
        loss, dlogits = cross_entropy(logits, targets)
        dh, dW_hy, db_y = read_out_backward(dlogits, h, params["W_hy"])
        _, _, dW_xh, dW_hh, db_h = rnn_backward(dh, cache)
        grads = {"W_xh": dW_xh, "W_hh": dW_hh, "b_h": db_h}
        params = sgd_step(
            params, grads | {"W_hy": dW_hy, "b_y": db_y}, learning_rate
        )
    return params, loss


@misconception(
    "train",
    fails="train_losses",
    hint="The parameters of the caller are changed: the updates are written into the "
    "arrays that came in. Make new ones, as sgd_step does.",
)
def train_in_place(ids, params, steps, learning_rate):
    """Writes into its argument."""
    x = one_hot([ids[:-1]], params["b_y"].size)
    targets, losses = np.array([ids[1:]]), []
    for _ in range(steps):
        logits, h, cache = run(x, params)
        loss, dlogits = cross_entropy(logits, targets)
        dh, dW_hy, db_y = read_out_backward(dlogits, h, params["W_hy"])
        _, _, dW_xh, dW_hh, db_h = rnn_backward(dh, cache)
        grads = {"W_xh": dW_xh, "W_hh": dW_hh, "b_h": db_h}
        grads |= {"W_hy": dW_hy, "b_y": db_y}
        for name in params:
            params[name] -= learning_rate * grads[name]
        losses.append(loss)
    return params, losses


@style("train")
def train_by_hand(ids, params, steps, learning_rate):
    ids, losses = np.asarray(ids), []
    x = one_hot(ids[None, :-1], len(params["b_y"]))
    for _ in range(steps):
        logits, h, cache = run(x, params)
        loss, d = cross_entropy(logits, ids[None, 1:])
        losses += [loss]
        dh, dW_hy, db_y = read_out_backward(d, h, params["W_hy"])
        grads = dict(
            zip(
                ("W_xh", "W_hh", "b_h"),
                rnn_backward(dh, cache)[2:],
                strict=True,
            )
        )
        grads.update(W_hy=dW_hy, b_y=db_y)
        params = {n: params[n] - learning_rate * grads[n] for n in grads}
    return params, losses


@style("train")
def train_torch(ids, params, steps, learning_rate):
    import torch

    p = {n: torch.tensor(a, requires_grad=True) for n, a in params.items()}
    losses, wanted = [], torch.tensor(list(ids[1:]))
    for _ in range(steps):
        h, states = torch.zeros(p["b_h"].shape, dtype=torch.float64), []
        for i in ids[:-1]:
            h = torch.tanh(p["W_xh"][i] + h @ p["W_hh"] + p["b_h"])
            states.append(h)
        logits = torch.stack(states) @ p["W_hy"] + p["b_y"]
        loss = torch.nn.functional.cross_entropy(logits, wanted)
        grads = torch.autograd.grad(loss, list(p.values()))
        losses.append(loss.item())
        for array, grad in zip(p.values(), grads, strict=True):
            array.data -= learning_rate * grad
    return {n: a.detach().numpy() for n, a in p.items()}, losses


@style("train")
def train_on_a_copy(ids, params, steps, learning_rate):
    params = {name: np.array(array) for name, array in params.items()}
    x, targets = (
        one_hot([list(ids)[:-1]], params["b_y"].shape[0]),
        [list(ids)[1:]],
    )
    losses = np.zeros(steps)
    for i in range(steps):
        logits, h, cache = run(x, params)
        losses[i], d = cross_entropy(logits, np.array(targets))
        dh, dW_hy, db_y = read_out_backward(d, h, params["W_hy"])
        dW_xh, dW_hh, db_h = rnn_backward(dh, cache)[2:]
        grads = {
            "W_hy": dW_hy,
            "b_y": db_y,
            "W_xh": dW_xh,
            "W_hh": dW_hh,
            "b_h": db_h,
        }
        for name, grad in grads.items():
            params[name] -= learning_rate * grad
    return params, list(losses)
