package stagewatch.bench;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The kinds of signal that Segment has a name for, and the groups of journeys/five-stage.yaml that each is in.
 *
 * <p>Loyalty, NPS, feedback, subscriptions and referrals that were taken up have no name in Segment's Spec, so the
 * moves that wait for them are not translated.
 */
enum Kind {
    PROMOTION_VIEWED("promotion_viewed", Groups.MEETS, "Promotion Viewed", "Viewed Promotion"),
    PROMOTION_CLICKED(
            "promotion_clicked", Groups.MEETS | Groups.SHOWS, "Promotion Clicked", "Clicked Promotion"),
    PAGE_VIEWED("page_viewed", Groups.MEETS | Groups.SHOWS),
    CONTACT_IDENTIFIED("contact_identified", 0),
    SEARCHED("searched", Groups.MEETS | Groups.SHOWS, "Products Searched"),
    LIST_VIEWED(
            "list_viewed",
            Groups.MEETS | Groups.SHOWS,
            "Product List Viewed",
            "Viewed Product Category",
            "Product List Filtered"),
    PRODUCT_VIEWED(
            "product_viewed",
            Groups.COMPARES | Groups.SHOWS,
            "Product Viewed",
            "Viewed Product",
            "Product Clicked",
            "Clicked Product"),
    WISHLIST_ADDED("wishlist_added", Groups.COMPARES | Groups.SHOWS, "Product Added to Wishlist"),
    WISHLIST_REMOVED("wishlist_removed", Groups.SHOWS, "Product Removed from Wishlist"),
    CART_UPDATED(
            "cart_updated",
            Groups.TOUCHES | Groups.SHOWS,
            "Product Added",
            "Added Product",
            "Wishlist Product Added to Cart",
            "Product Removed",
            "Removed Product",
            "Cart Viewed"),
    COUPON_APPLIED(
            "coupon_applied",
            Groups.COMPARES | Groups.SHOWS,
            "Coupon Applied",
            "Coupon Entered",
            "Coupon Denied",
            "Coupon Removed"),
    CHECKOUT_STARTED(
            "checkout_started",
            Groups.TOUCHES | Groups.CHECKS_OUT | Groups.SHOWS,
            "Checkout Started",
            "Started Order"),
    CHECKOUT_STEP(
            "checkout_step",
            Groups.TOUCHES | Groups.CHECKS_OUT | Groups.SHOWS,
            "Checkout Step Viewed",
            "Viewed Checkout Step",
            "Checkout Step Completed",
            "Completed Checkout Step"),
    PAYMENT_ENTERED(
            "payment_entered", Groups.TOUCHES | Groups.CHECKS_OUT | Groups.SHOWS, "Payment Info Entered"),
    ORDER_COMPLETED("order_completed", Groups.BUYS | Groups.SHOWS, "Order Completed", "Completed Order"),
    ORDER_UPDATED("order_updated", 0, "Order Updated", "Updated Order"),
    ORDER_REFUNDED("order_refunded", Groups.UNDOES, "Order Refunded"),
    ORDER_CANCELLED("order_cancelled", Groups.UNDOES, "Order Cancelled"),
    PRODUCT_SHARED("product_shared", Groups.RECOMMENDS | Groups.SHOWS, "Product Shared", "Cart Shared"),
    REVIEW_POSTED("review_posted", Groups.SHOWS, "Product Reviewed"),
    REFERRAL_SENT("referral_sent", Groups.RECOMMENDS | Groups.SHOWS, "Invite Sent", "Account Added User"),
    SIGNED_UP("signed_up", Groups.SHOWS, "Signed Up", "Account Created", "User Registered"),
    LOGGED_IN("logged_in", Groups.SHOWS, "Signed In"),
    TRIAL_STARTED("trial_started", 0, "Trial Started"),
    TRIAL_ENDED("trial_ended", 0, "Trial Ended"),
    EMAIL_OPENED("email_opened", Groups.MEETS, "Email Opened"),
    EMAIL_CLICKED("email_clicked", Groups.MEETS | Groups.SHOWS, "Email Link Clicked"),
    UNSUBSCRIBED("unsubscribed", 0, "Unsubscribed", "Email Marked as Spam"),
    CHAT_STARTED("chat_started", Groups.SHOWS, "Live Chat Conversation Started"),
    CHAT_MESSAGE(
            "chat_message", Groups.SHOWS, "Live Chat Message Sent", "Live Chat Message Received"),
    CHAT_ENDED("chat_ended", 0, "Live Chat Conversation Ended"),
    APP_INSTALLED(
            "app_installed", Groups.MEETS | Groups.SHOWS, "Application Installed", "Install Attributed"),
    APP_OPENED("app_opened", Groups.MEETS | Groups.SHOWS, "Application Opened", "Deep Link Opened"),
    APP_UNINSTALLED("app_uninstalled", 0, "Application Uninstalled"),
    ACCOUNT_DELETED("account_deleted", 0, "Account Deleted", "Account Removed User");

    /** Segment's calls that are a signal by themselves, by their type. */
    static final Map<String, Kind> CALLS =
            Map.of("page", PAGE_VIEWED, "screen", PAGE_VIEWED, "identify", CONTACT_IDENTIFIED);

    /** What a track call says, by the name of its event. */
    static final Map<String, Kind> NAMES = new HashMap<>();

    static {
        Arrays.stream(values()).forEach(kind -> kind.events.forEach(name -> NAMES.put(name, kind)));
    }

    final String name;
    private final int groups;
    private final List<String> events;

    Kind(String name, int groups, String... events) {
        this.name = name;
        this.groups = groups;
        this.events = List.of(events);
    }

    boolean in(int group) {
        return (groups & group) != 0;
    }

    /** The groups of the journey, each a bit. */
    static final class Groups {
        static final int MEETS = 1;
        static final int COMPARES = 2;
        static final int TOUCHES = 4;
        static final int CHECKS_OUT = 8;
        static final int BUYS = 16;
        static final int UNDOES = 32;
        static final int SHOWS = 64;
        static final int RECOMMENDS = 128;

        private Groups() {}
    }
}
