"""Wrong solutions that real students hand in, and right ones in other styles."""

import numpy as np

from unrolled.assignment.catalogue import misconception, style

# ---- one_hot


def whole_numbers(calls):
    """Whether a call that came back gave whole numbers instead of floats."""
    results = [c.result for c in calls if isinstance(c.result, np.ndarray)]
    return bool(results) and all(r.dtype.kind in "iub" for r in results)


@misconception(
    "one_hot",
    fails="one_hot_vocabulary",
    hint="The rows are only as long as the largest id asks for. V says how long they are, "
    "also where the last letters of the vocabulary don't occur.",
)
def hot_largest_id(ids, V):
    """Takes the vocabulary from the ids."""
    ids = np.asarray(ids)
    return np.eye(ids.max() + 1)[ids]


@misconception(
    "one_hot",
    fails=("one_hot_vocabulary", "one_hot_table"),
    hint="The vectors stand in columns. The new axis of length V comes last, so that each "
    "id becomes a row.",
)
def hot_transposed(ids, V):
    """Puts the vocabulary first."""
    return np.eye(V)[np.asarray(ids)].T


@misconception(
    "one_hot",
    fails="one_hot_values",
    hint="The ids are counted from 1, so every 1 stands one place too early. Ids count from "
    "0, as Python does: id 0 has its 1 at the first place.",
)
def hot_from_one(ids, V):
    """Counts from 1."""
    return np.eye(V)[np.asarray(ids) - 1]


@misconception(
    "one_hot",
    fails="one_hot_table",
    hint="The ids are flattened into one long row. Keep the axes that ids has, and add one "
    "of length V at the end.",
)
def hot_flat(ids, V):
    """Flattens a table."""
    flat = np.ravel(ids)
    x = np.zeros((flat.size, V))
    x[np.arange(flat.size), flat] = 1.0
    return x if np.ndim(ids) else x[0]


@misconception(
    "one_hot",
    fails="one_hot_values",
    hint="All ids are marked in one vector: this says which letters occur, not where. Each "
    "id gets a vector of its own.",
)
def hot_bag(ids, V):
    """Makes one vector of all ids."""
    x = np.zeros(V)
    x[np.ravel(ids)] = 1.0
    return x


@misconception(
    "one_hot",
    fails="one_hot_single",
    hint="This works for lists only: a single id has no length and can't be looped over. "
    "np.asarray and an index serve for ids of any shape.",
    exception=TypeError,
    matches=lambda calls: (
        any(c.error == "TypeError" for c in calls)
        and all(
            c.error == "TypeError"
            for c in calls
            if c.before and np.ndim(c.before[0][0]) == 0
        )
    ),
)
def hot_lists_only(ids, V):
    """Loops over the ids, whatever they are."""
    if len(np.shape(ids)) > 1:
        return np.stack([[np.eye(V)[k] for k in row] for row in ids])
    return np.stack([np.eye(V)[k] for k in ids])


@misconception(
    "one_hot",
    fails="one_hot_values",
    hint="These are whole numbers or True and False. A network calculates with floats: let "
    "the vectors be floats.",
    matches=whole_numbers,
)
def hot_whole_numbers(ids, V):
    """Gives an integer array."""
    return np.eye(V, dtype=int)[np.asarray(ids)]


@style("one_hot")
def hot_compared(ids, V):
    return (np.arange(V) == np.asarray(ids)[..., None]).astype(float)


@style("one_hot")
def hot_filled(ids, V):
    ids = np.asarray(ids)
    x = np.zeros((*ids.shape, V))
    for place in np.ndindex(*ids.shape):
        x[(*place, ids[place])] = 1.0
    return x


@style("one_hot")
def hot_recursive(ids, V):
    if np.ndim(ids) > 0:
        return np.stack([one_hot(part, V) for part in ids])
    return np.array([float(v == ids) for v in range(V)])


@style("one_hot")
def hot_torch(ids, V):
    import torch

    return (
        torch.nn.functional.one_hot(torch.as_tensor(ids), V).double().numpy()
    )


@style("one_hot")
def hot_put(ids, V):
    ids = np.asarray(ids)[..., np.newaxis]
    x = np.zeros((*ids.shape[:-1], V), dtype=np.float32)
    np.put_along_axis(x, ids, 1.0, axis=-1)
    return x


# ---- many_to_one


@misconception(
    "many_to_one",
    fails=("many_to_one_value", "many_to_one_order"),
    hint="Each step starts from h_0 again, so only the last input counts. Hand each step "
    "the state that the one before has made.",
)
def one_always_from_h_0(step, read, x, h_0):
    """Never carries the state."""
    for x_t in x:
        h_t = step(x_t, h_0)
    return read(h_t)


@misconception(
    "many_to_one",
    fails="many_to_one_start",
    hint="The first step starts from zeros, whatever h_0 is. Start from the h_0 that is "
    "given.",
)
def one_from_zeros(step, read, x, h_0):
    """Ignores h_0."""
    h_t = np.zeros_like(h_0)
    for x_t in x:
        h_t = step(x_t, h_t)
    return read(h_t)


@misconception(
    "many_to_one",
    fails="many_to_one_order",
    hint="The sequence is read from its end to its start. Read it in its order.",
)
def one_backwards(step, read, x, h_0):
    """Reads backwards."""
    h_t = h_0
    for x_t in x[::-1]:
        h_t = step(x_t, h_t)
    return read(h_t)


@misconception(
    "many_to_one",
    fails=("many_to_one_value", "many_to_one_one_step"),
    hint="All outputs come back, one for each step. Many-to-one gives one answer, read from "
    "the last state.",
)
def one_all_outputs(step, read, x, h_0):
    """Answers at each step."""
    h_t, outputs = h_0, []
    for x_t in x:
        h_t = step(x_t, h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "many_to_one",
    fails="many_to_one_value",
    hint="This is the last state itself. The answer is what read makes of it.",
)
def one_unread(step, read, x, h_0):
    """Returns the state."""
    h_t = h_0
    for x_t in x:
        h_t = step(x_t, h_t)
    return h_t


@misconception(
    "many_to_one",
    fails=("many_to_one_value", "many_to_one_start"),
    hint="This is the mean of the outputs of all steps. Read once, at the end: the last "
    "state has taken in everything.",
)
def one_mean(step, read, x, h_0):
    """Averages the outputs."""
    h_t, outputs = h_0, []
    for x_t in x:
        h_t = step(x_t, h_t)
        outputs.append(read(h_t))
    return np.mean(outputs, axis=0)


@misconception(
    "many_to_one",
    fails=("many_to_one_value", "many_to_one_one_step"),
    hint="The last input is never read. There are len(x) steps, one for each input.",
)
def one_last_left_out(step, read, x, h_0):
    """Stops one step early."""
    h_t = h_0
    for t in range(len(x) - 1):
        h_t = step(x[t], h_t)
    return read(h_t)


@misconception(
    "many_to_one",
    fails=("many_to_one_value", "many_to_one_order"),
    hint="The loop ends after its first round: the return stands inside of it. Read after "
    "the loop.",
)
def one_returns_early(step, read, x, h_0):
    """Returns inside the loop."""
    h_t = h_0
    for x_t in x:
        h_t = step(x_t, h_t)
        return read(h_t)
    return read(h_t)


@style("many_to_one")
def one_by_index(step, read, x, h_0):
    h = h_0
    for t in range(x.shape[0]):
        h = step(x[t], h)
    return read(h)


@style("many_to_one")
def one_while(step, read, x, h_0):
    t, h = 0, h_0.copy()
    while t < len(x):
        h[...] = step(x[t], h)
        t += 1
    return read(h)


@style("many_to_one")
def one_reduce(step, read, x, h_0):
    from functools import reduce

    return read(reduce(lambda h, x_t: step(x_t, h), x, h_0))


@style("many_to_one")
def one_recursive(step, read, x, h_0):
    if len(x) == 0:
        return read(h_0)
    return many_to_one(step, read, x[1:], step(x[0], h_0))


# ---- many_to_many


@misconception(
    "many_to_many",
    fails=("many_to_many_values", "many_to_many_start"),
    hint="Each output is read before the step, so it doesn't know of its own input: all "
    "stand one place too late. Step first, then read.",
)
def many_read_before(step, read, x, h_0):
    """Reads the old state."""
    h_t, outputs = h_0, []
    for x_t in x:
        outputs.append(read(h_t))
        h_t = step(x_t, h_t)
    return outputs


@misconception(
    "many_to_many",
    fails=("many_to_many_count", "many_to_many_start"),
    hint="There's one output too many: h_0 is read, too. It's the state before the first "
    "input, and no output belongs to it.",
)
def many_reads_h_0(step, read, x, h_0):
    """Keeps an output of the start."""
    h_t, outputs = h_0, [read(h_0)]
    for x_t in x:
        h_t = step(x_t, h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "many_to_many",
    fails="many_to_many_values",
    hint="Each step starts from h_0 again, so no output knows of the inputs before its own. "
    "Carry the state from step to step.",
)
def many_always_from_h_0(step, read, x, h_0):
    """Never carries the state."""
    return [read(step(x_t, h_0)) for x_t in x]


@misconception(
    "many_to_many",
    fails="many_to_many_start",
    hint="The first step starts from zeros, whatever h_0 is. Start from the h_0 that is "
    "given.",
)
def many_from_zeros(step, read, x, h_0):
    """Ignores h_0."""
    h_t, outputs = np.zeros_like(h_0), []
    for x_t in x:
        h_t = step(x_t, h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "many_to_many",
    fails=("many_to_many_values", "many_to_many_count"),
    hint="Only the last output comes back. Keep all of them in a list.",
)
def many_last_only(step, read, x, h_0):
    """Answers once."""
    h_t = h_0
    for x_t in x:
        h_t = step(x_t, h_t)
    return [read(h_t)]


@misconception(
    "many_to_many",
    fails="many_to_many_values",
    hint="The list holds the states. The outputs are what read makes of them.",
)
def many_states(step, read, x, h_0):
    """Keeps states."""
    h_t, outputs = h_0, []
    for x_t in x:
        h_t = step(x_t, h_t)
        outputs.append(h_t)
    return outputs


@misconception(
    "many_to_many",
    fails="many_to_many_keeps_h_0",
    hint="h_0 is overwritten: h_t = h_0 makes no copy, both names mean the same array. Let "
    "the name take the new state instead of writing into the old one.",
)
def many_in_place(step, read, x, h_0):
    """Writes into h_0."""
    h_t, outputs = h_0, []
    for x_t in x:
        h_t[:] = step(x_t, h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "many_to_many",
    fails="many_to_many_values",
    hint="Everything is read first, and the last state then read again and again. Read "
    "inside of the loop, right after each step.",
)
def many_after_the_loop(step, read, x, h_0):
    """Reads the last state T times."""
    h_t = h_0
    for x_t in x:
        h_t = step(x_t, h_t)
    return [read(h_t) for _ in x]


@style("many_to_many")
def many_by_index(step, read, x, h_0):
    outputs = [None] * len(x)
    h = h_0
    for t in range(len(x)):
        h = step(x[t], h)
        outputs[t] = read(h)
    return outputs


@style("many_to_many")
def many_accumulate(step, read, x, h_0):
    from itertools import accumulate, islice

    states = accumulate(x, lambda h, x_t: step(x_t, h), initial=h_0)
    return [read(h) for h in islice(states, 1, None)]


@style("many_to_many")
def many_prefixes(step, read, x, h_0):
    return [many_to_one(step, read, x[: t + 1], h_0) for t in range(len(x))]


@style("many_to_many")
def many_two_lists(step, read, x, h_0):
    states = [h_0]
    for x_t in x:
        states += [step(x_t, states[-1])]
    return list(map(read, states[1:]))


# ---- one_to_many


@misconception(
    "one_to_many",
    fails="one_to_many_feeds_back",
    hint="The input x goes in at every step. It enters once; after that, the last output is "
    "the next input.",
)
def write_same_input(step, read, x, h_0, T):
    """Feeds x again and again."""
    h_t, outputs = h_0, []
    for _ in range(T):
        h_t = step(x, h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "one_to_many",
    fails="one_to_many_feeds_back",
    hint="After the first step only zeros go in, so the machine doesn't know what it has "
    "written. The last output is the next input.",
)
def write_zeros_in(step, read, x, h_0, T):
    """Feeds zeros after the first step."""
    h_t, outputs = step(x, h_0), []
    for _ in range(T):
        outputs.append(read(h_t))
        h_t = step(np.zeros_like(x), h_t)
    return outputs


@misconception(
    "one_to_many",
    fails="one_to_many_feeds_back",
    hint="Each step starts from h_0 again: only the last output counts, and the memory is "
    "lost. Carry the state along.",
)
def write_always_from_h_0(step, read, x, h_0, T):
    """Never carries the state."""
    y_t, outputs = x, []
    for _ in range(T):
        y_t = read(step(y_t, h_0))
        outputs.append(y_t)
    return outputs


@misconception(
    "one_to_many",
    fails="one_to_many_start",
    hint="The first step starts from zeros, whatever h_0 is. Start from the h_0 that is "
    "given.",
)
def write_from_zeros(step, read, x, h_0, T):
    """Ignores h_0."""
    h_t, y_t, outputs = np.zeros_like(h_0), x, []
    for _ in range(T):
        h_t = step(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs


@misconception(
    "one_to_many",
    fails=("one_to_many_first", "one_to_many_count"),
    hint="The input x stands among the outputs, in the first place. The list holds what read "
    "has given, and nothing else.",
)
def write_input_first(step, read, x, h_0, T):
    """Counts x as an output."""
    h_t, outputs = h_0, [x]
    for _ in range(T - 1):
        h_t = step(outputs[-1], h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "one_to_many",
    fails="one_to_many_count",
    hint="There's one output too many: after the first one, T more are written. The first "
    "counts, too.",
)
def write_one_too_many(step, read, x, h_0, T):
    """Writes T + 1 outputs."""
    h_t = step(x, h_0)
    outputs = [read(h_t)]
    for _ in range(T):
        h_t = step(outputs[-1], h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "one_to_many",
    fails=("one_to_many_feeds_back", "one_to_many_count"),
    hint="Only the last output comes back. Keep all T of them in a list.",
)
def write_last_only(step, read, x, h_0, T):
    """Forgets what it wrote."""
    h_t, y_t = h_0, x
    for _ in range(T):
        h_t = step(y_t, h_t)
        y_t = read(h_t)
    return [y_t]


@misconception(
    "one_to_many",
    fails=("one_to_many_first", "one_to_many_feeds_back"),
    hint="read comes before step, so the first output knows nothing of x. Let the input "
    "enter the state first.",
)
def write_read_before(step, read, x, h_0, T):
    """Reads the old state."""
    h_t, y_t, outputs = h_0, x, []
    for _ in range(T):
        outputs.append(read(h_t))
        h_t = step(y_t, h_t)
        y_t = outputs[-1]
    return outputs


@style("one_to_many")
def write_first_apart(step, read, x, h_0, T):
    h = step(x, h_0)
    outputs = [read(h)]
    while len(outputs) < T:
        h = step(outputs[-1], h)
        outputs.append(read(h))
    return outputs


@style("one_to_many")
def write_growing_inputs(step, read, x, h_0, T):
    inputs, h = [x], h_0
    for t in range(T):
        h = step(inputs[t], h)
        inputs.append(read(h))
    return inputs[1:]


@style("one_to_many")
def write_recursive(step, read, x, h_0, T):
    if T == 0:
        return []
    h_1 = step(x, h_0)
    y_1 = read(h_1)
    return [y_1, *one_to_many(step, read, y_1, h_1, T - 1)]


@style("one_to_many")
def write_generator(step, read, x, h_0, T):
    def run(y, h):
        for _ in range(T):
            h = step(y, h)
            y = read(h)
            yield y

    return list(run(x, h_0))


# ---- encode_decode


@misconception(
    "encode_decode",
    fails=("encode_decode_values", "encode_decode_reads_all"),
    hint="The writing starts from h_0, so nothing of what was read is left. Start it from "
    "the state after the last input.",
)
def translate_forgets(encode, decode, read, x, h_0, y_0, T):
    """Writes from h_0."""
    h_t = h_0
    for x_t in x:
        h_t = encode(x_t, h_t)
    h_t, y_t, outputs = h_0, y_0, []
    for _ in range(T):
        h_t = decode(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs


@misconception(
    "encode_decode",
    fails="encode_decode_values",
    hint="y_0 goes in at every step of the writing. It only starts it; after that, the last "
    "output is the next input.",
)
def translate_same_input(encode, decode, read, x, h_0, y_0, T):
    """Feeds y_0 again and again."""
    h_t = h_0
    for x_t in x:
        h_t = encode(x_t, h_t)
    outputs = []
    for _ in range(T):
        h_t = decode(y_0, h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "encode_decode",
    fails="encode_decode_length",
    hint="As many outputs are written as inputs were read. T says how many to write; the two "
    "lengths have nothing to do with each other.",
)
def translate_same_length(encode, decode, read, x, h_0, y_0, T):
    """Writes len(x) outputs."""
    h_t = h_0
    for x_t in x:
        h_t = encode(x_t, h_t)
    y_t, outputs = y_0, []
    for _ in x:
        h_t = decode(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs


@misconception(
    "encode_decode",
    fails="encode_decode_y_0",
    hint="The writing starts with an output read from the last state of the reading, and y_0 "
    "is never used. Let decode take y_0 first, then read.",
)
def translate_reads_first(encode, decode, read, x, h_0, y_0, T):
    """Reads before the first decode."""
    h_t = h_0
    for x_t in x:
        h_t = encode(x_t, h_t)
    outputs = [read(h_t)]
    for _ in range(T - 1):
        h_t = decode(outputs[-1], h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "encode_decode",
    fails=("encode_decode_reads_all", "encode_decode_values"),
    hint="Only the first input is taken in: the reading starts from h_0 at each step, or "
    "stops at once. The writing begins when all has been read.",
)
def translate_reads_one(encode, decode, read, x, h_0, y_0, T):
    """Reads the first input only."""
    h_t, y_t, outputs = encode(x[0], h_0), y_0, []
    for _ in range(T):
        h_t = decode(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs


@misconception(
    "encode_decode",
    fails=("encode_decode_reads_all", "encode_decode_start"),
    hint="The reading never carries its state: each encode starts from h_0, so only the last "
    "input is known to the writing.",
)
def translate_reads_last(encode, decode, read, x, h_0, y_0, T):
    """Reads from h_0 each time."""
    for x_t in x:
        h_t = encode(x_t, h_0)
    y_t, outputs = y_0, []
    for _ in range(T):
        h_t = decode(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs


@misconception(
    "encode_decode",
    fails=("encode_decode_values", "encode_decode_y_0"),
    hint="y_0 stands among the outputs. It's the input that starts the writing; the list "
    "holds what read has given.",
)
def translate_y_0_first(encode, decode, read, x, h_0, y_0, T):
    """Counts y_0 as an output."""
    h_t = h_0
    for x_t in x:
        h_t = encode(x_t, h_t)
    outputs = [y_0]
    for _ in range(T - 1):
        h_t = decode(outputs[-1], h_t)
        outputs.append(read(h_t))
    return outputs


@misconception(
    "encode_decode",
    fails="encode_decode_start",
    hint="The reading starts from zeros, whatever h_0 is. Start from the h_0 that is given.",
)
def translate_from_zeros(encode, decode, read, x, h_0, y_0, T):
    """Ignores h_0."""
    h_t = np.zeros_like(h_0)
    for x_t in x:
        h_t = encode(x_t, h_t)
    y_t, outputs = y_0, []
    for _ in range(T):
        h_t = decode(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs


@misconception(
    "encode_decode",
    fails=("encode_decode_values", "encode_decode_y_0"),
    hint="The writing uses encode, the step that reads. Its own step is decode.",
    matches=lambda calls: writes_with_encode(calls),
)
def translate_one_trade(encode, decode, read, x, h_0, y_0, T):
    """Uses encode for both."""
    h_t = h_0
    for x_t in x:
        h_t = encode(x_t, h_t)
    y_t, outputs = y_0, []
    for _ in range(T):
        h_t = encode(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs


def writes_with_encode(calls):
    """Whether the calls that came back were written with encode.

    Where the two steps take inputs of other sizes, this can't run at all.
    """
    from unrolled.grade.judge.diagnose import agrees

    came_back = [c for c in calls if c.error is None]
    refused = any(c.error == "ValueError" for c in calls)
    alike = all(agrees(translate_one_trade, c) for c in came_back)
    right = all(agrees(encode_decode, c) for c in came_back)
    return alike and (refused or not right)


@style("encode_decode")
def translate_by_shapes(encode, decode, read, x, h_0, y_0, T):
    h = many_to_many(encode, lambda h_t: h_t, x, h_0)[-1]
    return one_to_many(decode, read, y_0, h, T)


@style("encode_decode")
def translate_many_to_one(encode, decode, read, x, h_0, y_0, T):
    def writer(h):
        return one_to_many(decode, read, y_0, h, T)

    return many_to_one(encode, writer, x, h_0)


@style("encode_decode")
def translate_by_index(encode, decode, read, x, h_0, y_0, T):
    h, t = h_0, 0
    while t < len(x):
        h = encode(x[t], h)
        t += 1
    outputs = []
    for t in range(T):
        h = decode(outputs[t - 1] if t > 0 else y_0, h)
        outputs.append(read(h))
    return outputs


@style("encode_decode")
def translate_one_loop(encode, decode, read, x, h_0, y_0, T):
    h, inputs, outputs = h_0, [*x, y_0], []
    for t in range(len(x) + T):
        h = encode(inputs[t], h) if t < len(x) else decode(inputs[t], h)
        if t >= len(x):
            outputs.append(read(h))
            inputs.append(outputs[-1])
    return outputs


# ---- SHAPES


@misconception(
    "SHAPES",
    fails=("shapes_quoted", "shapes_music", "shapes_weather", "shapes_words"),
    hint="Whatever gives a sequence is called one-to-many here. Look at the input, too: "
    "where it comes step by step, as a sentence or a recording does, the first word "
    "is many.",
)
def shapes_output_only():
    """Looks at the output only."""
    return {
        "image captioning": "one-to-many",
        "sentiment of a review": "many-to-one",
        "translation": "one-to-many",
        "tune for a genre": "one-to-many",
        "genre of a song": "many-to-one",
        "chords for a tune": "one-to-many",
        "tomorrow's temperature": "many-to-one",
        "next week's temperatures": "one-to-many",
        "report on a satellite picture": "one-to-many",
        "spoken command": "many-to-one",
        "speech recognition": "one-to-many",
        "name tags": "one-to-many",
        "poem on a topic": "one-to-many",
    }


@misconception(
    "SHAPES",
    fails=("shapes_quoted", "shapes_music", "shapes_weather", "shapes_words"),
    hint="Whatever reads a sequence is called many-to-one here. Look at the output, too: "
    "a sentence, or a label for each step, is no single answer.",
)
def shapes_input_only():
    """Looks at the input only."""
    return {
        "image captioning": "one-to-many",
        "sentiment of a review": "many-to-one",
        "translation": "many-to-one",
        "tune for a genre": "one-to-many",
        "genre of a song": "many-to-one",
        "chords for a tune": "many-to-one",
        "tomorrow's temperature": "many-to-one",
        "next week's temperatures": "many-to-one",
        "report on a satellite picture": "one-to-many",
        "spoken command": "many-to-one",
        "speech recognition": "many-to-one",
        "name tags": "many-to-one",
        "poem on a topic": "one-to-many",
    }


@misconception(
    "SHAPES",
    fails=("shapes_quoted", "shapes_music", "shapes_weather", "shapes_words"),
    hint="One-to-many and many-to-one are exchanged. The first word says what goes in, "
    "the second what comes out.",
)
def shapes_swapped():
    """Exchanges in and out."""
    return {
        "image captioning": "many-to-one",
        "sentiment of a review": "one-to-many",
        "translation": "many-to-many",
        "tune for a genre": "many-to-one",
        "genre of a song": "one-to-many",
        "chords for a tune": "many-to-many",
        "tomorrow's temperature": "one-to-many",
        "next week's temperatures": "many-to-many",
        "report on a satellite picture": "many-to-one",
        "spoken command": "one-to-many",
        "speech recognition": "many-to-many",
        "name tags": "many-to-many",
        "poem on a topic": "many-to-one",
    }


@misconception(
    "SHAPES",
    fails="shapes_weather",
    hint="A forecast for seven days is taken for one answer. Seven temperatures in an "
    "order, one for each day, are a sequence.",
)
def shapes_forecast_is_one():
    """Takes a week for one answer."""
    return {
        "image captioning": "one-to-many",
        "sentiment of a review": "many-to-one",
        "translation": "many-to-many",
        "tune for a genre": "one-to-many",
        "genre of a song": "many-to-one",
        "chords for a tune": "many-to-many",
        "tomorrow's temperature": "many-to-one",
        "next week's temperatures": "many-to-one",
        "report on a satellite picture": "one-to-many",
        "spoken command": "many-to-one",
        "speech recognition": "many-to-many",
        "name tags": "many-to-many",
        "poem on a topic": "one-to-many",
    }


@misconception(
    "SHAPES",
    fails="shapes_words",
    hint="The name tags are taken for one answer, as if the whole article got one label. "
    "Each word gets a tag of its own.",
)
def shapes_tags_are_one():
    """Takes the tags for one label."""
    return {
        "image captioning": "one-to-many",
        "sentiment of a review": "many-to-one",
        "translation": "many-to-many",
        "tune for a genre": "one-to-many",
        "genre of a song": "many-to-one",
        "chords for a tune": "many-to-many",
        "tomorrow's temperature": "many-to-one",
        "next week's temperatures": "many-to-many",
        "report on a satellite picture": "one-to-many",
        "spoken command": "many-to-one",
        "speech recognition": "many-to-many",
        "name tags": "many-to-one",
        "poem on a topic": "one-to-many",
    }


@misconception(
    "SHAPES",
    fails=("shapes_quoted", "shapes_weather"),
    hint="The pictures are taken for sequences. They could be read row by row, but the "
    "table says that here they are taken in as a whole: one input.",
)
def shapes_pictures_by_rows():
    """Reads pictures row by row."""
    return {
        "image captioning": "many-to-many",
        "sentiment of a review": "many-to-one",
        "translation": "many-to-many",
        "tune for a genre": "one-to-many",
        "genre of a song": "many-to-one",
        "chords for a tune": "many-to-many",
        "tomorrow's temperature": "many-to-one",
        "next week's temperatures": "many-to-many",
        "report on a satellite picture": "many-to-many",
        "spoken command": "many-to-one",
        "speech recognition": "many-to-many",
        "name tags": "many-to-many",
        "poem on a topic": "one-to-many",
    }


@misconception(
    "SHAPES",
    fails=("shapes_music", "shapes_words"),
    hint="A long recording goes in, but what comes out isn't long for that: one genre "
    "out of a few, one command out of ten, is a single answer.",
)
def shapes_sound_to_many():
    """Lets sound come out as long as it goes in."""
    return {
        "image captioning": "one-to-many",
        "sentiment of a review": "many-to-one",
        "translation": "many-to-many",
        "tune for a genre": "one-to-many",
        "genre of a song": "many-to-many",
        "chords for a tune": "many-to-many",
        "tomorrow's temperature": "many-to-one",
        "next week's temperatures": "many-to-many",
        "report on a satellite picture": "one-to-many",
        "spoken command": "many-to-many",
        "speech recognition": "many-to-many",
        "name tags": "many-to-many",
        "poem on a topic": "one-to-many",
    }


@misconception(
    "SHAPES",
    fails=("shapes_quoted", "shapes_weather", "shapes_words"),
    hint="Many-to-many is kept for outputs as many as the inputs. It needn't be: it may "
    "read everything first, and write more or less than it has read.",
)
def shapes_other_length():
    """Thinks that many-to-many must be in step."""
    return {
        "image captioning": "one-to-many",
        "sentiment of a review": "many-to-one",
        "translation": "many-to-one",
        "tune for a genre": "one-to-many",
        "genre of a song": "many-to-one",
        "chords for a tune": "many-to-many",
        "tomorrow's temperature": "many-to-one",
        "next week's temperatures": "many-to-one",
        "report on a satellite picture": "one-to-many",
        "spoken command": "many-to-one",
        "speech recognition": "many-to-one",
        "name tags": "many-to-many",
        "poem on a topic": "one-to-many",
    }


@style("SHAPES")
def shapes_written_out():
    return {
        "image captioning": "one-to-many",
        "sentiment of a review": "many-to-one",
        "translation": "many-to-many",
        "tune for a genre": "one-to-many",
        "genre of a song": "many-to-one",
        "chords for a tune": "many-to-many",
        "tomorrow's temperature": "many-to-one",
        "next week's temperatures": "many-to-many",
        "report on a satellite picture": "one-to-many",
        "spoken command": "many-to-one",
        "speech recognition": "many-to-many",
        "name tags": "many-to-many",
        "poem on a topic": "one-to-many",
    }


@style("SHAPES")
def shapes_by_lists():
    one = "image captioning,tune for a genre,poem on a topic"
    one += ",report on a satellite picture"
    last = "sentiment of a review,genre of a song,spoken command"
    last += ",tomorrow's temperature"
    many = "translation,chords for a tune,next week's temperatures"
    many += ",speech recognition,name tags"
    shapes = dict.fromkeys(one.split(","), "one-to-many")
    shapes.update(dict.fromkeys(last.split(","), "many-to-one"))
    shapes.update(dict.fromkeys(many.split(","), "many-to-many"))
    return shapes


@style("SHAPES")
def shapes_by_two_questions():
    sequence_in, sequence_out = {}, {}
    for line in """image captioning 0 1
        sentiment of a review 1 0
        translation 1 1
        tune for a genre 0 1
        genre of a song 1 0
        chords for a tune 1 1
        tomorrow's temperature 1 0
        next week's temperatures 1 1
        report on a satellite picture 0 1
        spoken command 1 0
        speech recognition 1 1
        name tags 1 1
        poem on a topic 0 1""".splitlines():
        name, first, second = line.strip().rsplit(" ", 2)
        sequence_in[name], sequence_out[name] = int(first), int(second)
    words = ("one", "many")
    return {
        name: f"{words[sequence_in[name]]}-to-{words[sequence_out[name]]}"
        for name in sequence_in
    }


# ---- count_parameters_feedforward


@misconception(
    "count_parameters_feedforward",
    fails=("feedforward_by_hand", "feedforward_length"),
    hint="The length T is missing: each of the T steps has D inputs of its own, and each of "
    "them has its own weights.",
)
def side_without_T(T, D, H, V):
    """Counts one step."""
    return D * H + H + H * V + V


@misconception(
    "count_parameters_feedforward",
    fails=("feedforward_by_hand", "feedforward_text"),
    hint="The biases are missing: one for each hidden unit and one for each output.",
)
def side_no_bias(T, D, H, V):
    """Counts weights only."""
    return T * D * H + H * V


@misconception(
    "count_parameters_feedforward",
    fails="feedforward_by_hand",
    hint="Each step is given hidden units of its own, T times H of them. There are H hidden "
    "units in all, and each looks at all steps.",
)
def side_hidden_per_step(T, D, H, V):
    """Repeats the hidden layer."""
    return T * (D * H + H) + T * H * V + V


@misconception(
    "count_parameters_feedforward",
    fails="feedforward_by_hand",
    hint="The biases of the outputs are missing: each of the V outputs has one, too.",
)
def side_no_output_bias(T, D, H, V):
    """Forgets b_y."""
    return T * D * H + H + H * V


@misconception(
    "count_parameters_feedforward",
    fails="feedforward_by_hand",
    hint="Weights from hidden units to hidden units are counted, H times H. A feedforward "
    "network has no loops: that is the recurrent one.",
)
def side_with_loop(T, D, H, V):
    """Adds H * H."""
    return T * D * H + H * H + H + H * V + V


@misconception(
    "count_parameters_feedforward",
    fails="feedforward_by_hand",
    hint="The inputs are added where they should be multiplied: there's a weight for each "
    "pair of an input and a hidden unit.",
)
def side_added(T, D, H, V):
    """Adds sizes."""
    return T * D + H + H + V


@style("count_parameters_feedforward")
def side_factored(T, D, H, V):
    return (T * D + 1) * H + (H + 1) * V


@style("count_parameters_feedforward")
def side_by_arrays(T, D, H, V):
    shapes = ((T * D, H), (1, H), (H, V), (1, V))
    return sum(rows * columns for rows, columns in shapes)


@style("count_parameters_feedforward")
def side_layer_by_layer(T, D, H, V):
    count = 0
    sizes = [T * D, H, V]
    for below, above in zip(sizes, sizes[1:], strict=False):
        count += below * above
        count += above
    return count


@style("count_parameters_feedforward")
def side_numpy(T, D, H, V):
    sizes = np.array([T * D, H, V])
    return (sizes[:-1] * sizes[1:] + sizes[1:]).sum()


# ---- count_parameters_rnn


@misconception(
    "count_parameters_rnn",
    fails=("rnn_by_hand", "rnn_state_to_state"),
    hint="The weights from the old state to the new one are missing: there's one for each "
    "pair of units.",
)
def loop_left_out(D, H, V):
    """Forgets W_hh."""
    return D * H + H + H * V + V


@misconception(
    "count_parameters_rnn",
    fails=("rnn_by_hand", "rnn_state_to_state"),
    hint="Each unit is given only one weight from the old state, its own. Every unit hears "
    "all H units of the old state.",
)
def loop_own_unit_only(D, H, V):
    """Counts H weights instead of H * H."""
    return D * H + H + H + H * V + V


@misconception(
    "count_parameters_rnn",
    fails=("rnn_by_hand", "rnn_text"),
    hint="The new state is given two biases per unit, one for the input and one for the old "
    "state (or the start h_0 is counted). Here each unit has one, and h_0 isn't learned.",
)
def loop_two_biases(D, H, V):
    """Counts as torch.nn.RNN does."""
    return D * H + H * H + 2 * H + H * V + V


@misconception(
    "count_parameters_rnn",
    fails=("rnn_by_hand", "rnn_text"),
    hint="The biases are missing: one for each unit of the state and one for each output.",
)
def loop_no_bias(D, H, V):
    """Counts weights only."""
    return D * H + H * H + H * V


@misconception(
    "count_parameters_rnn",
    fails=("rnn_by_hand", "rnn_state_to_state"),
    hint="The read-out is missing: the weights and biases that make V outputs of the state.",
)
def loop_no_read_out(D, H, V):
    """Counts the step only."""
    return D * H + H * H + H


@misconception(
    "count_parameters_rnn",
    fails=("rnn_by_hand", "rnn_state_to_state"),
    hint="The output is fed by the inputs as well as by the state. It reads the state alone.",
)
def loop_inputs_to_output(D, H, V):
    """Adds D * V."""
    return D * H + H * H + H + H * V + V + D * V


@style("count_parameters_rnn")
def loop_factored(D, H, V):
    return (D + H + 1) * H + (H + 1) * V


@style("count_parameters_rnn")
def loop_by_arrays(D, H, V):
    shapes = ((D, H), (H, H), (H,), (H, V), (V,))
    return sum(int(np.prod(shape)) for shape in shapes)


@style("count_parameters_rnn")
def loop_by_parts(D, H, V):
    step = D * H + H * H + H
    read = H * V + V
    return step + read


@style("count_parameters_rnn")
def loop_from_feedforward(D, H, V):
    return count_parameters_feedforward(1, D + H, H, V)
