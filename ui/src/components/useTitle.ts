import { useEffect } from "react";
import { visible } from "../text/visible";

/** Names the browser's tab after the page; text of logs in it is made safe to look at. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${visible(title)} · Watchfloor`;
    return () => {
      document.title = "Watchfloor";
    };
  }, [title]);
}
