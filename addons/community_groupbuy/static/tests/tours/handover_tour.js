import {queryOne} from "@odoo/hoot-dom";
import {registry} from "@web/core/registry";

const chosen = (name) => `.o_groupbuy_chosen li:contains(${name})`;
const result = (name, state) =>
    `.o_groupbuy_result[data-state=${state}]:contains(${name})`;

const typeCode = (code) => ({
    content: `Type ${code}`,
    trigger: ".o_groupbuy_code",
    run: `edit ${code}`,
});

/** Scanners type fast, whatever has the focus, and end with Enter. */
const scan = (code) => ({
    content: `The scanner types ${code}`,
    trigger: ".o_groupbuy_waiting",
    async run({press}) {
        document.activeElement.blur();
        for (const key of code) {
            await press(key);
        }
    },
});

const undo = (name) => [
    {
        content: `Undo ${name}`,
        trigger: `${result(name, "done")} .o_groupbuy_undo:contains(/:/)`,
        run: "click",
    },
    {content: "It is back", trigger: result(name, "undone")},
    {
        content: "It waits again",
        trigger: `.o_groupbuy_waiting_order:contains(${name})`,
    },
];

const handOver = (text) => ({
    content: text,
    trigger: `.o_groupbuy_hand_over:enabled:contains(${text})`,
    run: "click",
});

const sign = [
    {
        content: "With a signature",
        trigger: ".o_groupbuy_sign",
        run: "click",
    },
    {
        content: "Sign",
        trigger: ".o_web_sign_signature",
        async run() {
            const canvas = queryOne(".o_web_sign_signature");
            const box = canvas.getBoundingClientRect();
            const point = (type, x, y) =>
                canvas.dispatchEvent(
                    new PointerEvent(type, {
                        bubbles: true,
                        pointerId: 1,
                        isPrimary: true,
                        pressure: 0.5,
                        buttons: type === "pointerup" ? 0 : 1,
                        clientX: box.left + x,
                        clientY: box.top + y,
                    })
                );
            point("pointerdown", 10, 10);
            for (let step = 1; step < 10; step++) {
                point("pointermove", 10 + 10 * step, 10 + 5 * step);
            }
            point("pointerup", 110, 60);
        },
    },
];

const noOverflow = {
    content: "Nothing sticks out of the screen",
    trigger: ".o_groupbuy_desk",
    run() {
        const page = document.documentElement;
        if (page.scrollWidth > page.clientWidth) {
            throw new Error(`${page.scrollWidth} px wide on ${page.clientWidth}`);
        }
        for (const button of document.querySelectorAll(".o_groupbuy_desk .btn-lg")) {
            if (button.getBoundingClientRect().height < 44) {
                throw new Error("A button is too small for a thumb");
            }
        }
    },
};

registry.category("web_tour.tours").add("groupbuy_handover_phone", {
    steps: () => [
        {
            content: "Three wait here",
            trigger: ".o_groupbuy_total:contains(3)",
        },
        noOverflow,
        typeCode("111111"),
        {content: "What she gets", trigger: `${chosen("Ann Tour")}:contains(Ginger)`},
        ...sign,
        handOver("Hand over 1 order"),
        {content: "Done", trigger: result("Ann Tour", "done")},
        {content: "Two are left", trigger: ".o_groupbuy_total:contains(2)"},
        typeCode("111111"),
        {
            content: "Nobody collects twice",
            trigger: ".o_groupbuy_result[data-state=refused]:contains(already)",
        },
        typeCode("444444"),
        {
            content: "What waits elsewhere is not handed over here",
            trigger: ".o_groupbuy_result[data-state=refused]:contains(not an order of)",
        },
        noOverflow,
        {
            content: "Search",
            trigger: ".o_groupbuy_desk_search",
            run: "edit cem",
        },
        {
            content: "Only one is found",
            trigger: ".o_groupbuy_total:contains(1)",
        },
        {
            content: "Take everything again",
            trigger: ".o_groupbuy_desk_search",
            run: "clear",
        },
        {
            content: "Both are there",
            trigger: ".o_groupbuy_total:contains(2)",
        },
        {
            content: "All of them",
            trigger: ".o_groupbuy_all",
            run: "click",
        },
        handOver("Hand over 2 orders"),
        {content: "Ben has his", trigger: result("Ben Tour", "done")},
        {content: "Cem too", trigger: result("Cem Tour", "done")},
        ...undo("Ben Tour"),
        noOverflow,
    ],
});

registry.category("web_tour.tours").add("groupbuy_handover_link", {
    steps: () => [
        {
            content: "The order that was scanned is chosen",
            trigger: chosen("Ann Tour"),
        },
        handOver("Hand over 1 order"),
        {content: "Done", trigger: result("Ann Tour", "done")},
    ],
});

registry.category("web_tour.tours").add("groupbuy_handover_backend", {
    steps: () => [
        {
            content: "Three wait here",
            trigger: ".o_groupbuy_total:contains(3)",
        },
        scan("111111"),
        {content: "Scanned", trigger: chosen("Ann Tour")},
        scan("222222"),
        {content: "Another", trigger: chosen("Ben Tour")},
        {
            content: "From the list",
            trigger: ".o_groupbuy_waiting_order:contains(Cem Tour) input",
            run: "click",
        },
        handOver("Hand over 3 orders"),
        {content: "Done", trigger: result("Cem Tour", "done")},
        ...undo("Ben Tour"),
    ],
});
