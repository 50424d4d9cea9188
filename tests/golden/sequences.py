"""Prints tests/golden/sequences.h: what PyTorch (CPU, double) gives for recurrent layers and convolutions.

    python -m venv venv && venv/bin/pip install torch && venv/bin/python tests/golden/sequences.py > tests/golden/sequences.h

Three sequences of 4, 2 and 1 rows. Recurrent layers see them packed by step, convolutions one after the other.
"""
import torch

torch.set_default_dtype(torch.float64)
LENGTHS, IN, H, WINDOW, HEIGHT, FILTERS, TAPS, DILATION = [4, 2, 1], 3, 5, 3, 2, 4, 3, 2


def numbers(seed, *shape):
    n = torch.Size(shape).numel()
    return torch.tensor([((7 * i * i + 5 * i + 3 * seed) % 23 - 11) / 16 for i in range(n)]).reshape(shape)


def show(name, x):
    flat = ", ".join("%.17g" % v for v in x.detach().reshape(-1).tolist())
    print("static const double golden_%s[] = {%s};" % (name, flat))


def slopes(name, y, pull, inputs):
    show(name, y)
    (y * pull).sum().backward()
    for suffix, x in inputs.items():
        show("%s_d_%s" % (name, suffix), x.grad)
        x.grad = None


def cut(rows):
    return list(torch.split(rows, LENGTHS))


print("/* Printed by tests/golden/sequences.py with PyTorch %s. */" % torch.__version__.split("+")[0])
print("/* clang-format off */")
x = numbers(1, sum(LENGTHS), IN).requires_grad_()  # by sequence
show("x_by_sequence", x)
show("x_by_step", torch.nn.utils.rnn.pack_sequence(cut(x)).data)
pull = numbers(2, sum(LENGTHS), H)
show("pull", pull)
for name, gates, layer in (("elman", 1, torch.nn.RNN(IN, H)), ("gru", 3, torch.nn.GRU(IN, H)), ("lstm", 4, torch.nn.LSTM(IN, H))):
    layer.weight_ih_l0.data = numbers(3, gates * H, IN)
    layer.weight_hh_l0.data = numbers(4, gates * H, H)
    layer.bias_ih_l0.data = numbers(5, gates * H)
    layer.bias_hh_l0.data = torch.zeros(gates * H)
    if name == "gru":
        layer.bias_hh_l0.data[2 * H :] = numbers(6, H)
    packed = torch.nn.utils.rnn.pack_sequence(cut(x))
    packed.data.retain_grad()
    show(name + "_w", layer.weight_ih_l0)
    show(name + "_u", layer.weight_hh_l0)
    biases = [layer.bias_ih_l0] + ([layer.bias_hh_l0[2 * H :]] if name == "gru" else [])
    show(name + "_b", torch.cat(biases))
    y = layer(packed)[0].data
    show(name, y)
    (y * pull).sum().backward()
    show(name + "_d_x", packed.data.grad)
    show(name + "_d_w", layer.weight_ih_l0.grad)
    show(name + "_d_u", layer.weight_hh_l0.grad)
    show(name + "_d_b", torch.cat([layer.bias_ih_l0.grad] + ([layer.bias_hh_l0.grad[2 * H :]] if name == "gru" else [])))
x.grad = None

f, b = numbers(7, FILTERS, HEIGHT * IN).requires_grad_(), numbers(8, FILTERS).requires_grad_()
windows = torch.cat([torch.nn.functional.pad(s, (0, 0, WINDOW - 1, 0)).unfold(0, WINDOW, 1) for s in cut(x)]).transpose(1, 2)
images = torch.nn.functional.conv2d(windows[:, None], f.reshape(FILTERS, 1, HEIGHT, IN), b).squeeze(3)
show("f", f)
show("f_b", b)
slopes("horizontal", torch.relu(images).amax(2), pull[:, :FILTERS], {"x": x, "f": f, "b": b})
v = numbers(9, FILTERS, WINDOW).requires_grad_()
windows = torch.cat([torch.nn.functional.pad(s, (0, 0, WINDOW - 1, 0)).unfold(0, WINDOW, 1) for s in cut(x)]).transpose(1, 2)
wide = numbers(10, sum(LENGTHS), FILTERS * IN)
show("wide", wide)
show("v", v)
slopes("vertical", torch.einsum("plk,fl->pfk", windows, v).reshape(-1, FILTERS * IN), wide, {"x": x, "v": v})
w, c = numbers(11, TAPS, H, IN).requires_grad_(), numbers(12, H).requires_grad_()
show("dilated_w", w)
show("dilated_b", c)
y = [torch.nn.functional.conv1d(torch.nn.functional.pad(s.T, ((TAPS - 1) * DILATION, 0)), w.permute(1, 2, 0).flip(2), c, dilation=DILATION).T for s in cut(x)]
slopes("dilated", torch.cat(y), pull, {"x": x, "w": w, "b": c})
