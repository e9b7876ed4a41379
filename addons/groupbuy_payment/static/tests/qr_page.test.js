import {advanceTime, animationFrame} from "@odoo/hoot-mock";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {click, queryOne} from "@odoo/hoot-dom";
import {onRpc, patchWithCleanup} from "@web/../tests/web_test_helpers";
import {
    setupInteractionWhiteList,
    startInteractions,
} from "@web/../tests/public/helpers";
import {browser} from "@web/core/browser/browser";

setupInteractionWhiteList("groupbuy_payment.QrPage");
describe.current.tags("interaction_dev");

const CODE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
const WAITS = {state: "draft", seconds: 90, image: CODE};
let answers = [];

function page(more = 'data-product="native"') {
    return `
        <div class="o_groupbuy_pay" data-shows="waiting" data-poll-url="/pay/poll"
             data-access-token="token" data-seconds="90" ${more}>
            <div data-when="waiting">
                <img class="o_groupbuy_pay_code d-none"/>
                <div class="o_groupbuy_pay_loading"></div>
                <button class="o_groupbuy_pay_start"></button>
                <span class="o_groupbuy_pay_left"></span>
                <button class="o_groupbuy_pay_ask"></button>
                <p class="o_groupbuy_pay_asked d-none"></p>
            </div>
            <div data-when="failed" class="d-none">
                <span class="o_groupbuy_pay_error"></span>
                <button class="o_groupbuy_pay_again"></button>
            </div>
            <div data-when="over" class="d-none"></div>
        </div>`;
}

function shown() {
    return queryOne("[data-when]:not(.d-none)").dataset.when;
}

beforeEach(() => {
    answers = [];
    onRpc("/pay/poll", async (request) => {
        const {params} = await request.json();
        expect(params.access_token).toBe("token");
        const words = [params.ask && "ask", params.image && "image"];
        expect.step(["poll", ...words.filter(Boolean)].join(" "));
        const answer = answers.shift() || {...WAITS, image: undefined};
        if (answer === "fault") throw new Error("The server is away.");
        return answer;
    });
    patchWithCleanup(browser.location, {
        assign: (url) => expect.step(`go to ${url}`),
    });
});

test("shows the code and the time that is left", async () => {
    answers = [WAITS];
    await startInteractions(page());
    await animationFrame();
    expect.verifySteps(["poll image"]);
    expect(".o_groupbuy_pay_code").toHaveAttribute("src", CODE);
    expect(".o_groupbuy_pay_code").not.toHaveClass("d-none");
    expect(".o_groupbuy_pay_loading").toHaveClass("d-none");
    expect(".o_groupbuy_pay_left").toHaveText("1:30");
});

test("polls by itself, and has the provider asked with every third poll", async () => {
    answers = [WAITS];
    await startInteractions(page());
    await animationFrame();
    for (let poll = 0; poll < 3; poll++) await advanceTime(2000);
    expect.verifySteps(["poll image", "poll", "poll ask", "poll"]);
});

test("goes on once the payment is made, and asks no more", async () => {
    answers = [WAITS, {state: "done", seconds: 80, url: "/payment/status"}];
    await startInteractions(page());
    await animationFrame();
    await advanceTime(2000);
    expect.verifySteps(["poll image", "poll", "go to /payment/status"]);
    await advanceTime(20000);
    expect.verifySteps([]);
});

test("says that the time is over, and still hears of late money", async () => {
    answers = [WAITS, {state: "cancel", seconds: 0}, {state: "done", url: "/late"}];
    await startInteractions(page());
    await animationFrame();
    await advanceTime(2000);
    expect(shown()).toBe("over");
    expect.verifySteps(["poll image", "poll"]);
    await advanceTime(12000);
    expect.verifySteps(["poll ask", "go to /late"]);
});

test("asks at once for who says so", async () => {
    answers = [WAITS];
    await startInteractions(page());
    await animationFrame();
    await click(".o_groupbuy_pay_ask");
    await animationFrame();
    expect.verifySteps(["poll image", "poll ask"]);
    expect(".o_groupbuy_pay_asked").not.toHaveClass("d-none");
});

test("goes on asking after a fault of the server", async () => {
    answers = ["fault", WAITS];
    await startInteractions(page());
    await animationFrame();
    expect.verifySteps(["poll image"]);
    await advanceTime(5000);
    expect.verifySteps(["poll image"]);
    expect(".o_groupbuy_pay_code").toHaveAttribute("src", CODE);
});

test("says why it cannot start, and tries again", async () => {
    answers = [{state: "draft", seconds: 90, error: "Not set up"}, WAITS];
    await startInteractions(page());
    await animationFrame();
    expect(shown()).toBe("failed");
    expect(".o_groupbuy_pay_error").toHaveText("Not set up");
    await click(".o_groupbuy_pay_again");
    await animationFrame();
    expect(shown()).toBe("waiting");
    expect.verifySteps(["poll image", "poll image"]);
});

test("inside WeChat its own browser pays", async () => {
    window.WeixinJSBridge = {
        invoke: (name, values, done) => {
            expect.step(`${name} ${values.package}`);
            done();
        },
    };
    try {
        const values = JSON.stringify({package: "prepay_id=wx1"});
        await startInteractions(
            page(`data-product="jsapi" data-pay-values='${values}'`)
        );
        await animationFrame();
    } finally {
        delete window.WeixinJSBridge;
    }
    expect.verifySteps(["getBrandWCPayRequest prepay_id=wx1", "poll ask"]);
});
