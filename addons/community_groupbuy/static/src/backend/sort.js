import {Component, onWillStart, useRef, useState} from "@odoo/owl";
import {deserializeDate, serializeDate} from "@web/core/l10n/dates";
import {useBus, useService} from "@web/core/utils/hooks";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {isBarcodeScannerSupported} from "@web/core/barcode/barcode_video_scanner";
import {registry} from "@web/core/registry";
import {scanBarcode} from "@web/core/barcode/barcode_dialog";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";

/**
 * What a scan or typed text means.
 *
 * @param {Object[]} products with `barcode`, `code` and `name`
 * @param {String} text
 * @returns {Object[]} the product of this barcode or code, or those whose name or code
 *     has the text in it
 */
export function matchProducts(products, text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) {
        return [];
    }
    const exact = products.filter(
        ({barcode, code}) =>
            barcode.toLowerCase() === wanted || code.toLowerCase() === wanted
    );
    if (exact.length) {
        return exact;
    }
    return products.filter(({code, name}) =>
        [code, name].some((word) => word.toLowerCase().includes(wanted))
    );
}

/** Scan or type a product: whose crate, how many. */
export class GroupbuySort extends Component {
    static template = "community_groupbuy.Sort";
    static components = {DateTimeInput, Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.input = useRef("input");
        this.display = {controlPanel: {}};
        this.hasCamera = isBarcodeScannerSupported();
        this.state = useState({
            // The server knows which day it is where the user is.
            day: null,
            routeId: 0,
            progress: {total: 0, sorted: 0, products: [], routes: []},
            text: "",
            product: null,
            crates: [],
            count: 0,
            busy: false,
        });
        useBus(useService("barcode").bus, "barcode_scanned", (ev) =>
            this.find(ev.detail.barcode)
        );
        onWillStart(() => this.load());
    }

    // Reading

    get scope() {
        const {day, routeId} = this.state;
        return [day ? serializeDate(day) : null, routeId || null];
    }

    async load() {
        this.state.progress = await this.orm.call(
            "stock.move",
            "get_groupbuy_sorting",
            this.scope
        );
        this.state.day = deserializeDate(this.state.progress.date);
    }

    async loadCrates() {
        const {product} = this.state;
        const crates = await this.orm.call("stock.move", "get_groupbuy_crates", [
            product.id,
            ...this.scope,
        ]);
        if (this.state.product?.id !== product.id) {
            // Another product has been scanned meanwhile.
            return;
        }
        this.state.crates = crates;
        this.state.count = this.next ? this.missing(this.next) : 0;
    }

    get percent() {
        const {sorted, total} = this.state.progress;
        return total ? Math.floor((100 * sorted) / total) : 0;
    }

    get piecesText() {
        const {sorted, total} = this.state.progress;
        return _t("%(sorted)s of %(total)s pieces", {sorted, total});
    }

    get cratesText() {
        const {crates_done: done, crates: total} = this.state.progress;
        return _t("%(done)s of %(total)s crates full", {done, total});
    }

    openText({open, total}) {
        return _t("%(open)s of %(total)s to go", {open, total});
    }

    get found() {
        const {products} = this.state.progress;
        const text = this.state.text.trim();
        return text ? matchProducts(products, text) : products;
    }

    missing(crate) {
        // Sums of decimal fractions of a kilogram leave a trace.
        return Math.round((crate.quantity - crate.sorted) * 1e6) / 1e6;
    }

    get next() {
        return this.state.crates.find((crate) => this.missing(crate) > 0);
    }

    get points() {
        const points = [];
        for (const crate of this.state.crates) {
            const last = points.at(-1);
            if (last && last.name === crate.point && last.stop === crate.stop) {
                last.crates.push(crate);
            } else {
                points.push({
                    name: crate.point,
                    stop: crate.stop,
                    route: crate.route,
                    crates: [crate],
                });
            }
        }
        return points.map((point) => ({
            ...point,
            open: point.crates.reduce((sum, crate) => sum + this.missing(crate), 0),
            total: point.crates.reduce((sum, crate) => sum + crate.quantity, 0),
        }));
    }

    // Choosing

    async chooseDay(day) {
        if (day) {
            this.state.day = day;
            await this.restart();
        }
    }

    async chooseRoute(ev) {
        this.state.routeId = Number(ev.target.value);
        await this.restart();
    }

    async restart() {
        this.state.product = null;
        this.state.text = "";
        await this.load();
    }

    async onKeydown(ev) {
        if (ev.key !== "Enter") {
            return;
        }
        ev.preventDefault();
        if (this.state.text.trim()) {
            await this.find(this.state.text);
        } else if (this.state.product) {
            await this.confirm();
        }
    }

    async find(text) {
        const products = matchProducts(this.state.progress.products, text);
        if (products.length === 1) {
            await this.choose(products[0]);
        } else if (products.length) {
            this.state.product = null;
            this.state.text = text;
        } else {
            this.notification.add(_t("%s is not sorted on this day.", text), {
                type: "danger",
            });
            this.state.text = "";
        }
    }

    async scan() {
        try {
            await this.find(await scanBarcode(this.env));
        } catch (error) {
            this.notification.add(error.message, {type: "danger"});
        }
    }

    async choose(product) {
        this.state.product = product;
        this.state.text = "";
        // Nothing is confirmed before it is shown.
        this.state.crates = [];
        this.state.busy = true;
        try {
            await this.loadCrates();
        } finally {
            this.state.busy = false;
        }
        this.input.el?.focus();
    }

    async close() {
        this.state.product = null;
        this.state.crates = [];
        await this.load();
    }

    // Sorting

    async confirm(crate = this.next, count = this.state.count) {
        if (!crate || this.state.busy) {
            return;
        }
        await this.change(() =>
            this.orm.call("stock.move", "action_groupbuy_sort", [
                [crate.move_id],
                count,
                crate.sorted,
            ])
        );
    }

    async takeOut(crate) {
        await this.change(() =>
            this.orm.call("stock.move", "action_groupbuy_unsort", [[crate.move_id]])
        );
    }

    async undo() {
        await this.change(async () => {
            const undone = await this.orm.call(
                "stock.move",
                "action_groupbuy_unsort_last",
                []
            );
            if (!undone) {
                this.notification.add(_t("There is nothing to undo."));
                return;
            }
            this.notification.add(_t("Taken out of crate %s.", undone.order));
            await this.load();
            const {products} = this.state.progress;
            this.state.product =
                products.find(({id}) => id === undone.product_id) || null;
        });
    }

    /** Change something; also after an error, show what is true now. */
    async change(act) {
        this.state.busy = true;
        try {
            await act();
        } finally {
            try {
                await Promise.all([
                    this.load(),
                    this.state.product ? this.loadCrates() : null,
                ]);
            } finally {
                this.state.busy = false;
            }
            this.input.el?.focus();
        }
    }
}

registry.category("actions").add("groupbuy_sort", GroupbuySort);
