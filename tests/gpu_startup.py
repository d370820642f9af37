"""What a kernel does first (it is PYTHONSTARTUP) when a lesson is run on a GPU with tiny budgets.

Claims about quality cannot hold then: a claim that fails is printed and does not raise.
"""


def _start():
    from tests import pretend_gpu
    from tutlib import check

    pretend_gpu.switch_on()
    strict = check.claim

    def claim(*args, **bounds):
        try:
            strict(*args, **bounds)
        except check.ClaimError as error:
            print(error)

    check.claim = claim


_start()
del _start  # a lesson must find nothing here that it has not imported
