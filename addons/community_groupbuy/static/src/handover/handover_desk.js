import {
    BarcodeVideoScanner,
    isBarcodeScannerSupported,
} from "@web/core/barcode/barcode_video_scanner";
import {
    Component,
    onWillStart,
    onWillUnmount,
    useExternalListener,
    useRef,
    useState,
} from "@odoo/owl";
import {RPCError, rpc} from "@web/core/network/rpc";
import {NameAndSignature} from "@web/core/signature/name_and_signature";
import {_t} from "@web/core/l10n/translation";
import {hasTouch} from "@web/core/browser/feature_detection";
import {registry} from "@web/core/registry";

const PICKUP_CODE = /^\d{6}$/;
const SCAN_PAUSE = 1500;
const SEARCH_PAUSE = 300;

/**
 * The desk of a pickup point, in the backend and on the website.
 *
 * What is scanned, typed or ticked is gathered first, then handed over in one go; what
 * was handed over can be undone as long as its clock runs.
 */
export class HandoverDesk extends Component {
    static template = "community_groupbuy.HandoverDesk";
    static components = {BarcodeVideoScanner, NameAndSignature};
    static props = {
        code: {type: String, optional: true},
        pointId: {type: Number, optional: true},
    };

    setup() {
        this.codeRef = useRef("code");
        this.canScan = isBarcodeScannerSupported();
        this.signature = {name: ""};
        this.state = useState({
            points: [],
            pointId: this.props.pointId || null,
            total: 0,
            orders: [],
            search: "",
            code: "",
            // Order id: {order, code}
            chosen: new Map(),
            results: [],
            now: Date.now(),
            scanning: false,
            signing: false,
            busy: false,
            error: "",
        });
        onWillStart(async () => {
            await this.load();
            if (this.props.code) {
                await this.find(this.props.code);
            }
        });
        const clock = setInterval(() => (this.state.now = Date.now()), 1000);
        onWillUnmount(() => {
            clearInterval(clock);
            clearTimeout(this.searching);
        });
        // Scanners that type as a keyboard need no field to be chosen first.
        useExternalListener(window, "keydown", (event) => this.onKeydown(event));
    }

    /** Call the server; what it refuses is shown, the desk stays. */
    async call(route, params) {
        this.state.error = "";
        try {
            return await rpc(`/groupbuy/handover/${route}`, params);
        } catch (error) {
            const told = error instanceof RPCError && error.data?.message;
            this.state.error =
                told || _t("No connection: nothing was changed. Please try again.");
            return null;
        }
    }

    // What waits

    async load(offset = 0) {
        const {pointId, search} = this.state;
        const answer = await this.call("desk", {point_id: pointId, search, offset});
        // Only the answer to the last question counts.
        if (!answer || search !== this.state.search) {
            return;
        }
        const known = offset ? this.state.orders : [];
        this.state.points = answer.points;
        this.state.pointId = answer.point_id;
        this.state.total = answer.total || 0;
        this.state.orders = [...known, ...(answer.orders || [])];
        if (!this.state.results.length) {
            this.state.results = answer.recent.map((result) => this.stamp(result));
        }
    }

    async choosePoint(event) {
        this.state.pointId = Number(event.target.value);
        this.state.chosen.clear();
        this.state.results = [];
        await this.load();
    }

    onSearch(event) {
        this.state.search = event.target.value;
        clearTimeout(this.searching);
        this.searching = setTimeout(() => this.load(), SEARCH_PAUSE);
    }

    get more() {
        return this.state.total - this.state.orders.length;
    }

    // Who is here

    onKeydown(event) {
        const field = this.codeRef.el;
        const printable = event.key.length === 1 && !event.ctrlKey && !event.metaKey;
        const typing = event.target.closest(
            "input, textarea, select, [contenteditable]"
        );
        if (field && printable && !typing) {
            event.preventDefault();
            field.value += event.key;
            this.state.code = field.value;
            field.focus();
        }
    }

    async onCode(event) {
        this.state.code = event.target.value;
        if (PICKUP_CODE.test(this.state.code.trim())) {
            await this.submitCode();
        }
    }

    async submitCode() {
        const code = this.state.code.trim();
        if (!code) {
            return;
        }
        this.state.code = "";
        await this.find(code);
        if (!hasTouch()) {
            this.codeRef.el?.focus();
        }
    }

    async find(code) {
        const order = await this.call("find", {point_id: this.state.pointId, code});
        if (order?.state === "ready") {
            this.state.chosen.set(order.order_id, {order, code});
        } else if (order) {
            this.tell([{...order, code}]);
        }
    }

    toggle(order) {
        if (!this.state.chosen.delete(order.order_id)) {
            this.state.chosen.set(order.order_id, {order, code: order.order_id});
        }
    }

    get allChosen() {
        const {orders, chosen} = this.state;
        return orders.length && orders.every((order) => chosen.has(order.order_id));
    }

    toggleAll() {
        const all = this.allChosen;
        for (const order of this.state.orders) {
            if (all === this.state.chosen.has(order.order_id)) {
                this.toggle(order);
            }
        }
    }

    // Camera

    async onScan(text) {
        if (text !== this.scanned || Date.now() - this.scannedAt > 2 * SCAN_PAUSE) {
            this.scanned = text;
            this.scannedAt = Date.now();
            navigator.vibrate?.(60);
            await this.find(text);
        }
    }

    onScanError(error) {
        this.state.scanning = false;
        this.state.error = error.message;
    }

    get scanPause() {
        return SCAN_PAUSE;
    }

    // Hand over

    get chosen() {
        return [...this.state.chosen.values()];
    }

    get handOverText() {
        const count = this.state.chosen.size;
        return count === 1 ? _t("Hand over 1 order") : _t("Hand over %s orders", count);
    }

    get signatureImage() {
        const drawn = this.state.signing && !this.signature.isSignatureEmpty;
        return drawn ? this.signature.getSignatureImage() : null;
    }

    async handOver() {
        if (this.state.busy || !this.state.chosen.size) {
            return;
        }
        this.state.busy = true;
        const results = await this.call("do", {
            point_id: this.state.pointId,
            codes: this.chosen.map((one) => one.code),
            signature: this.signatureImage,
        });
        if (results) {
            for (const result of results) {
                if (result.state !== "busy") {
                    this.state.chosen.delete(result.order_id);
                }
            }
            this.state.signing = false;
            this.tell(results);
            await this.load();
        }
        this.state.busy = false;
    }

    // What came of it

    stamp(result) {
        return {...result, undoUntil: Date.now() + 1000 * result.undo_seconds};
    }

    tell(results) {
        const ids = results.map((result) => result.order_id).filter(Boolean);
        this.state.results = [
            ...results.map((result) => this.stamp(result)),
            ...this.state.results.filter((result) => !ids.includes(result.order_id)),
        ];
    }

    /** How long a result can still be undone, as text; nothing afterwards. */
    timeLeft(result) {
        const left = Math.round((result.undoUntil - this.state.now) / 1000);
        if (!result.handover_id || left <= 0) {
            return "";
        }
        return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    }

    async undo(result) {
        const done = await this.call("undo", {handover_id: result.handover_id});
        if (done) {
            result.handover_id = false;
            result.state = "undone";
            result.message = _t("Taken back: it waits here again.");
            await this.load();
        }
    }

    forget() {
        this.state.results = this.state.results.filter((result) =>
            this.timeLeft(result)
        );
    }
}

registry
    .category("public_components")
    .add("community_groupbuy.handover_desk", HandoverDesk);
