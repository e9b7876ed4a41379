import inspect

from odoo.tests import TransactionCase, tagged

from odoo.addons.portal.controllers.portal import CustomerPortal


def get_heirs(controller):
    """:return: all classes that inherit from a controller"""
    for heir in controller.__subclasses__():
        yield heir
        yield from get_heirs(heir)


@tagged("post_install", "-at_install")
class TestControllers(TransactionCase):
    def test_helpers_of_portal_pages_have_names_of_their_own(self):
        """Odoo makes one class of all portal controllers, so that a helper which
        happens to have the name of another one takes its place."""
        known, clashes = {}, []
        for heir in set(get_heirs(CustomerPortal)):
            for name, member in vars(heir).items():
                if not inspect.isfunction(member):
                    continue
                method = inspect.unwrap(member)
                if "super" in method.__code__.co_names:
                    # It knows that there are others.
                    continue
                for other in known.get(name, ()):
                    related = issubclass(heir, other) or issubclass(other, heir)
                    modules = f"{heir.__module__} {other.__module__}"
                    if not related and "groupbuy" in modules:
                        clashes.append((name, modules))
                known.setdefault(name, []).append(heir)
        self.assertTrue(known)
        self.assertFalse(clashes)
