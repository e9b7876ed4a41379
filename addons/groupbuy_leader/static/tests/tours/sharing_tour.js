import {registry} from "@web/core/registry";

/** Fails where something sticks out of a phone's screen. */
function checkWidth() {
    const {scrollWidth, clientWidth} = document.documentElement;
    if (scrollWidth > clientWidth) {
        throw new Error(`${scrollWidth} pixels on a screen of ${clientWidth}`);
    }
}

const TABS = ".o_groupbuy_tabs";

registry.category("web_tour.tours").add("groupbuy_leader_runs_campaign", {
    url: "/my/leader/campaigns",
    steps: () => [
        {
            content: "The current tab is in sight, though it is the last one",
            trigger: `${TABS} .active:contains(Group Buys)`,
            run() {
                const {left, right} = this.anchor.getBoundingClientRect();
                if (left < 0 || right > window.innerWidth) {
                    throw new Error("The current tab is out of sight.");
                }
                checkWidth();
            },
        },
        {
            content: "The platform offers a campaign to run",
            trigger: ".o_groupbuy_origin:contains(Harvest) a:contains(Run it)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Without ginger",
            trigger: ".o_groupbuy_run label:contains(Ginger) input:checked",
            run: "click",
        },
        {
            content: "A title of one's own",
            trigger: ".o_groupbuy_run input[name=name]",
            run: "edit Ann's harvest",
        },
        {
            trigger: ".o_groupbuy_run textarea",
            run: "edit Fresh on Friday",
        },
        {
            trigger: ".o_groupbuy_run button[type=submit]",
            run() {
                checkWidth();
                this.anchor.click();
            },
            expectUnloadPage: true,
        },
        {
            content: "Published, and ready to be shared",
            trigger: ".alert-success:contains(tell your neighbours)",
        },
        {
            content: "The posters are drawn",
            trigger: ".o_groupbuy_poster img",
            async run() {
                checkWidth();
                const posters = [
                    ...document.querySelectorAll(".o_groupbuy_poster img"),
                ];
                for (const poster of posters) {
                    poster.loading = "eager";
                    await poster.decode();
                    const {naturalWidth, width} = poster;
                    if (naturalWidth !== Number(poster.getAttribute("width"))) {
                        throw new Error(`${poster.src} is ${naturalWidth} wide`);
                    }
                    if (width > window.innerWidth) throw new Error("Too wide");
                }
            },
        },
        {
            content: "The link is copied, or at least chosen",
            trigger: ".o_groupbuy_copy",
            run: "click",
        },
        {
            content: "To what is one's own",
            trigger: `${TABS} a[href='/my/leader/campaigns']`,
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".list-group-item:contains(Ann's harvest):contains(Open)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Nobody has joined yet, so it can still be withdrawn",
            trigger: ".o_groupbuy_withdraw summary",
            run: checkWidth,
        },
        {
            content: "As neighbours see it",
            trigger: "a:contains(Look at it)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_groupbuy_host:contains(East Gate):contains(Fresh on Friday)",
            run: checkWidth,
        },
    ],
});

registry.category("web_tour.tours").add("groupbuy_leader_tells", {
    url: "/my/leader/share",
    steps: () => [
        {
            content: "How neighbours know the leader",
            trigger: "summary:contains(What it says)",
            run: "click",
        },
        {
            trigger: "#page_name",
            run: "edit Aunt Ann",
        },
        {
            trigger: "form[action='/my/leader/share/page'] button[type=submit]",
            run() {
                checkWidth();
                this.anchor.click();
            },
            expectUnloadPage: true,
        },
        {
            trigger: ".alert-success:contains(says so now)",
        },
        {
            trigger: "a[href='/my/leader/announcements']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_groupbuy_announce input[name=name]",
            run: "edit Closed on Friday",
        },
        {
            trigger: ".o_groupbuy_announce textarea",
            run: "edit Back on Saturday",
        },
        {
            trigger: ".o_groupbuy_announce button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_groupbuy_announcement:contains(Closed on Friday)",
            run: checkWidth,
        },
    ],
});

registry.category("web_tour.tours").add("groupbuy_leader_page", {
    steps: () => [
        {
            content: "What the leader tells",
            trigger: ".o_groupbuy_announcement:contains(Closed on Friday)",
            run: checkWidth,
        },
        {
            content: "Follow her",
            trigger: ".o_groupbuy_follow:contains(Follow)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_groupbuy_follow:contains(You follow)",
        },
        {
            content: "Join what is open at her point",
            trigger: ".o_groupbuy_card a:contains(Winter vegetables)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_groupbuy_offer:first .o_groupbuy_more",
            run: "click",
        },
        {
            trigger: "select.o_groupbuy_point",
            run: "selectByLabel East Gate",
        },
        {
            trigger: ".o_groupbuy_submit:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Held, to be paid",
            trigger: ".o_groupbuy_countdown .o_groupbuy_clock",
        },
    ],
});
