from odoo.tests import HttpCase
from odoo.tests.common import ChromeBrowser


class BrowserCommon(HttpCase):
    """Tours of the backend, in a browser that knows Debian's package of Odoo."""

    def setUp(self):
        super().setUp()
        # Debian's Odoo leaves out a library of video calls. The page says so in an
        # error, long before a tour's own error checker is asked.
        handle_console = ChromeBrowser._handle_console

        def handle(browser, type, args=None, **kwargs):
            if "selfie_segmentation" in str(args):
                type = "log"
            return handle_console(browser, type, args=args, **kwargs)

        self.patch(ChromeBrowser, "_handle_console", handle)
