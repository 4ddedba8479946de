// What runs before a page is drawn, after the guard.
import "./theme";
import "./opened";
