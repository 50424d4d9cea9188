"""Prints tests/golden/nn.h: what PyTorch (CPU, double) gives for Adam, AdamW and the losses.

    python -m venv venv && venv/bin/pip install torch && venv/bin/python tests/golden/nn.py > tests/golden/nn.h
"""
import torch

torch.set_default_dtype(torch.float64)
N, STEPS = 6, 5
start = torch.tensor([0.5, -1.0, 0.25, 2.0, 0.0, -0.125])
gradients = [torch.tensor([((7 * i + 3 * t) % 11 - 5) / 8 for i in range(N)]) for t in range(STEPS)]
logits = torch.tensor([[((5 * r + 9 * j) % 13 - 6) / 2 for j in range(4)] for r in range(3)])
labels = torch.tensor([[((r + j) % 3) / 2 for j in range(4)] for r in range(3)])
log_q = torch.tensor([[-((3 * r + 2 * j) % 7 + 1) / 4 for j in range(4)] for r in range(3)])
amounts = torch.tensor([[((r + 2 * j) % 4) / 2 for j in range(4)] for r in range(3)])
soft = torch.nn.functional.softplus


def show(name, numbers):
    flat = ", ".join("%.17g" % x for x in torch.as_tensor(numbers).reshape(-1).tolist())
    print("static const double %s[] = {%s};" % (name, flat))


def steps(optimizer, **options):
    x = torch.nn.Parameter(start.clone())
    o = optimizer([x], lr=0.05, betas=(0.9, 0.999), eps=1e-8, **options)
    for g in gradients:
        x.grad = g.clone()
        o.step()
    return x.detach()


def slope(name, loss, *inputs):
    inputs = [x.clone().requires_grad_() for x in inputs]
    value = loss(*inputs)
    value.backward()
    show("golden_" + name, value.detach())
    for x, suffix in zip(inputs, ("", "_2")):
        show("golden_d_" + name + suffix, x.grad)


def gbce(l):
    return (0.3 * soft(-l[:, 0]) + soft(l[:, 1:]).sum(1)).sum() / 4


print("/* Printed by tests/golden/nn.py with PyTorch %s. */" % torch.__version__.split("+")[0])
print("/* clang-format off */")
show("golden_start", start)
show("golden_gradients", torch.stack(gradients))
show("golden_adam", steps(torch.optim.Adam))
show("golden_adam_l2", steps(torch.optim.Adam, weight_decay=0.125))
show("golden_adamw", steps(torch.optim.AdamW, weight_decay=0.125))
show("golden_norm", torch.nn.utils.get_total_norm(gradients))
show("golden_logits", logits)
show("golden_labels", labels)
show("golden_log_q", log_q)
show("golden_amounts", amounts)
slope("bce", lambda l: torch.nn.functional.binary_cross_entropy_with_logits(l, labels, reduction="sum"), logits)
slope("bpr", lambda a, b: -torch.nn.functional.logsigmoid(a - b).sum(), logits[:, 0], logits[:, 1])
slope("gbce", gbce, logits)
slope("sampled", lambda l: torch.nn.functional.cross_entropy(l - log_q, torch.zeros(3, dtype=torch.long), reduction="sum"), logits)
slope("multinomial", lambda l: -(amounts * torch.log_softmax(l, 1)).sum(), logits)
