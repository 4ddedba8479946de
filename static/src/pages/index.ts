// The first page. Links to settings, which older ones bear, lead on to the page that has them.
import "../element/register";

if (location.hash.includes("=")) location.replace(`train.html${location.hash}`);
